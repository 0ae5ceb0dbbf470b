import { gradeOf, gradeOfAudience } from "./standing";

const standing = {
  destination: "files",
  current: true,
  pending: 0,
  there: 12,
  left_out: { unsubscribed: 3 },
  failed: {},
  in_doubt: 0,
};
const audience = {
  name: "Key accounts",
  accounts: 40,
  waiting: 0,
  refused: 0,
  minimum_size: 300,
  usable: true,
  below_minimum: false,
  looked_at: "2026-11-26T18:00:00Z",
};

it("grades a destination by what went wrong last, and not by who is left out on purpose", () => {
  expect(gradeOf(standing)).toBe("good");
  expect(gradeOf({ ...standing, pending: 2 })).toBe("none");
  expect(gradeOf({ ...standing, in_doubt: 1, pending: 2 })).toBe("warning");
  expect(gradeOf({ ...standing, failed: { refused: 1 }, in_doubt: 1 })).toBe("bad");
  expect(gradeOf({ ...standing, there: 0 })).toBe("none");
});

it("warns of an audience that is too small, and calls one bad that campaigns cannot use", () => {
  expect(gradeOfAudience(audience)).toBe("good");
  expect(gradeOfAudience({ ...audience, below_minimum: true })).toBe("warning");
  expect(gradeOfAudience({ ...audience, usable: false })).toBe("bad");
  expect(gradeOfAudience({ ...audience, problem: "The consent has ended." })).toBe("bad");
  expect(gradeOfAudience({ ...audience, looked_at: null })).toBe("none");
});
