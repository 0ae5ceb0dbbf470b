import { freeName, readAs, renamed, typeOf } from "./tokens";

it("renames a token in its place, and never onto another", () => {
  const tokens = { topic: "Steel", seats: 3 };
  expect(Object.entries(renamed(tokens, "topic", "subject"))).toEqual([
    ["subject", "Steel"],
    ["seats", 3],
  ]);
  expect(renamed(tokens, "topic", "seats")).toEqual(tokens);
});

it("keeps what a value of another type can say", () => {
  expect(["3.5", "x", true].map((value) => readAs(value, "number"))).toEqual([3.5, 0, 1]);
  expect(["true", "yes", 1].map((value) => readAs(value, "boolean"))).toEqual([true, false, false]);
  expect([3, false].map((value) => readAs(value, "string"))).toEqual(["3", "false"]);
  expect(["", 1, true, undefined].map(typeOf)).toEqual(["string", "number", "boolean", "string"]);
});

it("finds a free name", () => {
  expect(freeName([])).toBe("token_1");
  expect(freeName(["token_2"])).toBe("token_3");
});
