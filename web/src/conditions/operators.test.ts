import {
  begun,
  deniedParts,
  groupFrom,
  groupOf,
  operatorOf,
  takes,
  withOperator,
} from "./operators";

it("offers for each type what the language has, and begins with something to fill in", () => {
  expect(begun("string")).toEqual({ is: [] });
  expect(begun("integer")).toEqual({ at_least: null });
  expect(begun("boolean")).toEqual({ is: true });
  expect(takes("between", "number")).toBe("range");
  expect(takes("in_past", "date")).toBe("duration");
});

it("keeps the value under another operator that takes the same", () => {
  const test = { account: "employees", at_least: 100 };
  expect(withOperator(test, "less_than", "integer")).toMatchObject({ less_than: 100 });
  expect(withOperator(test, "is_empty", "integer")).toEqual({
    account: "employees",
    is_empty: true,
  });
  expect(operatorOf(test)).toEqual({ operator: "at_least", value: 100 });
});

it("denies several tests as a group of alternatives, and reads that back", () => {
  const parts = [
    { person: "country", is: "DE" },
    { person: "country", is: "AT" },
  ];
  const denied = groupFrom("not", parts);
  expect(denied).toEqual({ not: { any: parts } });
  expect(groupOf(denied)?.kind).toBe("not");
  expect(deniedParts(groupOf(denied)?.parts ?? [])).toEqual(parts);
});
