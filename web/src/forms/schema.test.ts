import { keyFrom } from "./keys";
import { blank, fieldsOf } from "./schema";

const onlyField = (name: string) => ({
  type: "object",
  properties: { [name]: { type: "string" } },
  required: [name],
});
const SCHEMA = {
  type: "object",
  required: ["list", "kind", "rows"],
  properties: {
    list: {
      type: "string",
      "x-reference": "account_list",
      "x-list-type": "static",
      description: "A list.",
    },
    kind: { $ref: "#/$defs/Kind" },
    who: { anyOf: [{ $ref: "#/$defs/Source" }, { type: "null" }] },
    rows: { type: "array", items: { $ref: "#/$defs/Row" } },
    to: { type: "array", items: { type: "string" } },
    delay: { type: ["string", "null"], "x-reader": "duration", "x-units": ["h", "m"] },
    many: {
      type: "array",
      items: { type: "string" },
      "x-reference": "destination",
      "x-takes": "people",
    },
    map: { type: "object", additionalProperties: { type: "integer" } },
    campaign: { type: "string", "x-choices": "campaigns", "x-within": "workspace" },
    most: { type: "integer", default: 100 },
    value: true,
    fresh: { type: "string", "x-instead-of": "list" },
  },
  $defs: {
    Kind: { oneOf: [{ const: "static", description: "By hand." }, { const: "dynamic" }] },
    Source: { oneOf: [onlyField("account_list"), onlyField("audience")] },
    Row: onlyField("role"),
  },
};

it("finds an input for every field, by what the server's schema says", () => {
  const fields = fieldsOf(SCHEMA);
  expect(fields.map(([name, field]) => `${name}: ${field.input}`)).toEqual([
    "list: reference",
    "kind: choice",
    "who: one_of",
    "rows: records",
    "to: texts",
    "delay: duration",
    "many: references",
    "map: map",
    "campaign: offered",
    "most: number",
    "value: any",
    "fresh: text",
  ]);
  expect(fields[0]?.[1]).toMatchObject({ kind: "account_list", help: "A list.", required: true });
  expect(fields[0]?.[1]).toMatchObject({ only: { types: ["static"] } });
  expect(fields[5]?.[1]).toMatchObject({ units: ["m", "h"] });
  expect(fields[6]?.[1]).toMatchObject({ only: { takes: "people" } });
  expect(fields[11]?.[1]).toMatchObject({ insteadOf: "list" });
  expect(fields[8]?.[1]).toMatchObject({ what: "campaigns", within: "workspace" });
  expect(fields[9]?.[1]).toMatchObject({ usual: "100" });
  expect(fields[2]?.[1]).toMatchObject({ required: false });
});

it("begins with what must be there", () => {
  expect(blank(fieldsOf(SCHEMA))).toEqual({ kind: "static", rows: [] });
});

it("makes keys from names", () => {
  expect(keyFrom("Q3: Größe & Co.", "^[a-z0-9]+(-[a-z0-9]+)*$")).toBe("q3-groesse-co");
  expect(keyFrom("2nd fit", "^[a-z][a-z0-9_-]*$")).toBe("n_2nd_fit");
});
