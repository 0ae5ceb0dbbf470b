import { expect, test } from "vitest";
import { shapeOf } from "../customers/objects";
import { tokensOfRecords } from "./records";

const manifest = {
  name: "Licence",
  subject: "person",
  primary_key: "no",
  fields: { no: "string", plan: "string", seats: "integer" },
};

test("records are inserted one after another, counted, or as the newest one is", () => {
  const tokens = tokensOfRecords(shapeOf("licence", manifest));
  expect(tokens.map(({ token }) => token)).toEqual([
    "{% for one in objects.licence %}{{ one.plan }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{{ objects.licence | length }}",
    "{{ (objects.licence | first).no }}",
    "{{ (objects.licence | first).plan }}",
    "{{ (objects.licence | first).seats }}",
  ]);
  expect(new Set(tokens.map(({ group }) => group)).size).toBe(1);
});

test("a key that is no name stands in brackets", () => {
  const [each] = tokensOfRecords(shapeOf("field-trip", manifest));
  expect(each?.token).toContain("in objects['field-trip'] %}");
});
