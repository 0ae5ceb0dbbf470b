import {
  against,
  broughtAbout,
  chainAt,
  chainsOf,
  choicesIn,
  conditionsIn,
  forcing,
  moved,
  type Piece,
  piecesOf,
  planOf,
  type Row,
  renamedIn,
  seenAtOnce,
  spanOf,
  unitsOf,
} from "./variants";

const IF = (name: string) => `{% if condition.${name} %}`;
const ELIF = (name: string) => `{% elif condition.${name} %}`;
const ELSE = "{% else %}";
const END = "{% endif %}";
const B = undefined;

/** Block, then variants a, b and everybody else's, then a block. */
const ROWS: Row[] = [B, IF("a"), B, ELIF("b"), B, B, ELSE, B, END, B];
const CHAIN = {
  from: 1,
  to: 9,
  variants: [
    { when: "condition.a", from: 2, to: 3 },
    { when: "condition.b", from: 4, to: 6 },
    { when: undefined, from: 7, to: 8 },
  ],
};

/** Pieces as they read: which rows, and whether they are a copy. */
const read = (pieces: Piece[]) =>
  pieces.map((piece) =>
    typeof piece === "string" ? piece : `${piece.copy ? "copy of " : ""}${piece.of.from}`,
  );

it("finds variants from any of their rows, and takes a block apart from them for everybody's", () => {
  expect(chainsOf(ROWS)).toEqual([CHAIN]);
  for (const at of [1, 2, 5, 6, 8]) expect(chainAt(ROWS, at)).toEqual(CHAIN);
  expect(chainAt(ROWS, 9)).toEqual({
    from: 9,
    to: 10,
    variants: [{ when: undefined, from: 9, to: 10 }],
  });
});

it("finds the inner variants of a block before those around them", () => {
  const rows: Row[] = [IF("a"), "{%- if person.city == 'Ulm' -%}", B, "{%- endif -%}", B, END];
  expect(chainAt(rows, 2)).toMatchObject({
    from: 1,
    to: 4,
    variants: [{ when: "person.city == 'Ulm'" }],
  });
  expect(chainAt(rows, 4)).toMatchObject({ from: 0, to: 6 });
  expect(unitsOf([B, ...rows, "{% for x in y %}", B])).toEqual([
    { from: 0, to: 1 },
    { from: 1, to: 7 },
    { from: 7, to: 8 },
    { from: 8, to: 9 },
  ]);
});

it.each([[[IF("a"), B]], [[B, END]], [[ELSE, B, END]]])(
  "is not led astray by the odd tags of %j",
  (rows) => {
    expect(chainsOf(rows)).toEqual([]);
  },
);

it("makes the first variant a copy of what everybody else sees", () => {
  const alone = chainAt([B], 0);
  const plan = { planned: [{ when: "condition.a", of: undefined }], rest: 0 };
  expect(read(piecesOf(plan, alone))).toEqual([IF("a"), "copy of 0", ELSE, "0", END]);
  // Where everybody else sees nothing, the block itself is what the condition shows.
  const only = { ...plan, rest: undefined };
  expect(read(piecesOf(only, alone))).toEqual([IF("a"), "0", END]);
});

it("keeps the content of variants that change places, and begins new ones as everybody else's", () => {
  const { planned, rest } = planOf(CHAIN);
  const plan = { planned: [...moved(planned, 0, 1), { when: "condition.c", of: undefined }], rest };
  expect(read(piecesOf(plan, CHAIN))).toEqual([
    IF("b"),
    "4",
    ELIF("a"),
    "2",
    ELIF("c"),
    "copy of 7",
    ELSE,
    "7",
    END,
  ]);
});

it("leaves plain content when the last variant is deleted, and gives everybody else something again", () => {
  expect(read(piecesOf({ planned: [], rest: 2 }, CHAIN))).toEqual(["7"]);
  const only = chainAt([IF("a"), B, END], 1);
  expect(planOf(only).rest).toBeUndefined();
  expect(read(piecesOf({ ...planOf(only), rest: "copy" }, only))).toEqual([
    IF("a"),
    "1",
    ELSE,
    "copy of 1",
    END,
  ]);
  expect(read(piecesOf({ planned: [], rest: "copy" }, only))).toEqual(["1"]);
});

it("says what stands against a plan", () => {
  const a = { when: "condition.a", of: 0 };
  expect(against({ planned: [], rest: undefined })).toBe("nothing");
  expect(against({ planned: [{ ...a, when: "" }], rest: 0 })).toBe("empty");
  expect(against({ planned: [a, a], rest: 0 })).toBe("twice");
  expect(against({ planned: [a], rest: undefined })).toBeUndefined();
});

it("moves within the list only", () => {
  expect(moved(["a", "b", "c"], 2, -1)).toEqual(["a", "c", "b"]);
  expect(moved(["a", "b"], 0, -1)).toEqual(["a", "b"]);
  expect(moved(["a", "b"], 1, 1)).toEqual(["a", "b"]);
});

it("counts what one person sees at once", () => {
  expect(seenAtOnce(ROWS)).toBe(4);
  expect(seenAtOnce([IF("a"), B, ELSE, B, END, B])).toBe(2);
  expect(seenAtOnce([IF("a"), IF("b"), B, END, B, END, '{% include "x" %}'])).toBe(2);
});

it("takes units that lie next to each other for one piece, and others for none", () => {
  const units = unitsOf(ROWS);
  expect(spanOf(units, [0, 1])).toEqual({ from: 0, to: 9 });
  expect(spanOf(units, [2])).toEqual({ from: 9, to: 10 });
  expect(spanOf(units, [0, 2])).toBeUndefined();
  expect(spanOf(units, [])).toBeUndefined();
});

it("renames a condition in tags alone, and not those whose names begin alike", () => {
  expect(
    renamedIn(
      "{% if condition.big and not condition.bigger %}condition.big{{ condition.big }}",
      "big",
      "large",
    ),
  ).toBe("{% if condition.large and not condition.bigger %}condition.big{{ condition.large }}");
  expect(renamedIn("{{ my.condition.big }}", "big", "large")).toBe("{{ my.condition.big }}");
});

it("lists the conditions that a text asks for, once each", () => {
  expect(conditionsIn(`${IF("b")}x${ELIF("a")}y{{ condition.b }}${END} condition.c`)).toEqual([
    "b",
    "a",
  ]);
});

describe("a choice between variants", () => {
  const choice = { names: ["a", "b"], rest: true };

  it("is offered once wherever several stand, and not where something of its own is asked", () => {
    const chain = `${IF("a")}x${ELIF("b")}y${ELSE}z${END}`;
    expect(choicesIn(`${chain}{{ person.city }}${chain}`)).toEqual([choice]);
    expect(choicesIn(`${IF("a")}x${END}{% if person.vip %}x${ELSE}y${END}`)).toEqual([]);
  });

  it.each([["a"], ["b"], [undefined]])("brings %s about, and knows it again", (chosen) => {
    expect(broughtAbout(choice, forcing(choice, chosen))).toBe(chosen ?? null);
  });

  it("answers no more than it must", () => {
    expect(forcing(choice, "a")).toEqual({ a: true });
    expect(forcing(choice, "b")).toEqual({ a: false, b: true });
    expect(forcing(choice, undefined)).toEqual({ a: false, b: false });
    expect(broughtAbout(choice, {})).toBeUndefined();
    expect(broughtAbout(choice, { b: true })).toBeUndefined();
  });
});
