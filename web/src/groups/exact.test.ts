import { exact, share } from "./exact";

it("writes terms so that they can be added up, and no sum of nothing as minus zero", () => {
  expect([33.333333, 0.004, -0, null].map((it) => exact(it))).toEqual(["33.33", "0", "0", "–"]);
  expect(share(4 / 7)).toBe("57.1%");
});
