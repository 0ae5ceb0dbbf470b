import {
  begun,
  checksOf,
  deniedParts,
  groupFrom,
  groupOf,
  shownAs,
  takes,
  withAnother,
  withOperator,
  withoutOperator,
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
  expect(withOperator(test, "at_least", "less_than", "integer")).toEqual({
    account: "employees",
    less_than: 100,
  });
  expect(withOperator(test, "at_least", "is_empty", "integer")).toEqual({
    account: "employees",
    is_empty: true,
  });
});

it("keeps what else is asked when one operator is changed, added or taken away", () => {
  const test = { account: "employees", at_least: 20, less_than: 50 };
  expect(checksOf(test)).toEqual([
    { operator: "at_least", value: 20 },
    { operator: "less_than", value: 50 },
  ]);
  const more = withOperator(test, "at_least", "greater_than", "integer");
  expect(more).toEqual({ account: "employees", greater_than: 20, less_than: 50 });
  expect(withAnother(test, "integer")).toEqual({ ...test, at_most: null });
  expect(withoutOperator(test, "at_least")).toEqual({ account: "employees", less_than: 50 });
});

it("reads a denied emptiness as what it asks", () => {
  expect(shownAs({ operator: "is_empty", value: false })).toBe("is_not_empty");
  expect(shownAs({ operator: "is", value: false })).toBe("is");
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
