import { expect, test } from "vitest";
import type { Comment } from "../api/types";
import { pinnedAt, quoted, threadsOf } from "./threads";

const comment = (id: number, more: Partial<Comment> = {}): Comment => ({
  id,
  answers: null,
  block: null,
  by: "ada@acme.example",
  at: "2026-12-01T09:00:00Z",
  text: "Well",
  resolved_by: null,
  ...more,
});

const COMMENTS = [
  comment(1, { block: "c1" }),
  comment(2),
  comment(3, { answers: 1 }),
  comment(4, { block: "gone" }),
  comment(5, { block: "c2", resolved_by: "ben@acme.example" }),
  comment(6, { block: "c3" }),
];
const holds = (block: string) => block !== "gone";

test("threads are numbered by the pins that the design holds; resolved ones are hidden at first", () => {
  const shown = threadsOf(COMMENTS, false, holds);
  expect(shown.map(({ first, pin }) => [first.id, pin])).toEqual([
    [1, 1],
    [2, undefined],
    [4, undefined],
    [6, 2],
  ]);
  expect(shown[0]?.answers.map(({ id }) => id)).toEqual([3]);
  expect(threadsOf(COMMENTS, true, holds).map(({ first }) => first.id)).toEqual([1, 2, 4, 5, 6]);
});

test("what is quoted does not quote what it quoted", () => {
  expect(quoted("> Before\nYes\nand no")).toBe("> Yes\n> and no\n");
});

it("finds the element of a block in code, and none for one that is gone", () => {
  const code = '<mj-column><mj-text color="red" data-comment="c1">x</mj-text></mj-column>';
  const at = pinnedAt(code, "c1");
  expect(at && code.slice(at.from, at.to)).toBe('<mj-text color="red" data-comment="c1">');
  expect(pinnedAt(code, "c2")).toBeUndefined();
});
