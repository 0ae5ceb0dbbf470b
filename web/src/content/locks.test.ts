import { type Additions, takes } from "./locks";

const ALL = ["mj-body", "mj-section", "mj-column", "mj-text"];
const within = (additions: Additions, locked: boolean) =>
  ALL.filter((name) => takes(additions, name, locked).within);
const again = (additions: Additions, locked: boolean) =>
  ALL.slice(1).filter((name) => takes(additions, name, locked).again);

it("takes as much as the template lets come", () => {
  expect(within("none", true)).toEqual([]);
  expect(within("content", true)).toEqual(["mj-column"]);
  expect(within("structures", true)).toEqual(["mj-body", "mj-column"]);
  expect(within("none", false)).toEqual([]);
  expect(within("content", false)).toEqual(["mj-column"]);
  expect(within("structures", false)).toEqual(ALL);
});

it("lets nothing locked be copied, and nothing where nothing may come", () => {
  expect(again("structures", true)).toEqual([]);
  expect(again("none", false)).toEqual([]);
  expect(again("content", false)).toEqual(["mj-text"]);
  expect(again("structures", false)).toEqual(["mj-section", "mj-column", "mj-text"]);
});
