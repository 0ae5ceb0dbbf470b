import { holdsFields, segmentsOf, withoutFields, withPlainSigns } from "./segments";

it.each([
  ["", 0, false],
  ["a".repeat(160), 1, false],
  ["a".repeat(161), 2, false],
  ["a".repeat(306), 2, false],
  ["a".repeat(307), 3, false],
  ["€".repeat(80), 1, false],
  ["€".repeat(81), 2, false],
  ["ñ".repeat(160), 1, false],
  ["ы".repeat(70), 1, true],
  ["ы".repeat(71), 2, true],
  ["😀".repeat(35), 1, true],
  ["😀".repeat(36), 2, true],
  // A sign of two places is never split over two parts.
  [`${"a".repeat(152)}€${"a".repeat(152)}`, 3, false],
  [`${"я".repeat(66)}😀${"я".repeat(66)}`, 3, true],
])("splits %s into %i", (text, segments, unicode) => {
  expect(segmentsOf(text)).toMatchObject({ segments, unicode });
});

it("counts what a text says without its fields", () => {
  const text = "Hi {{ person.first_name }}{% if holds.vip %} again{% endif %}!";
  expect(withoutFields(text)).toBe("Hi  again!");
  expect(withoutFields("Hi!")).toBe("Hi!");
});

it("names the first character that phones do not have", () => {
  expect(segmentsOf("It’s “new”").outside).toBe("’");
  expect(segmentsOf("It's new").outside).toBeUndefined();
});

it("puts plain signs in place of those that only look better, and leaves tags alone", () => {
  expect(withPlainSigns("It’s “new” – see…\u00a0{{ 'a’b' }}")).toBe(
    "It's \"new\" - see... {{ 'a’b' }}",
  );
  expect(segmentsOf(withPlainSigns(`${"a".repeat(80)}’`))).toMatchObject({
    segments: 1,
    unicode: false,
  });
});

it("knows texts whose length differs from person to person", () => {
  expect(holdsFields("Hi {{ person.first_name }}")).toBe(true);
  expect(holdsFields("Hi there")).toBe(false);
});
