import { OPPORTUNITY, shapeOf } from "./objects";

it("reads whose records they are, their key and the types of their fields from a manifest", () => {
  const shape = shapeOf("licence", {
    name: "Licences",
    subject: "person",
    primary_key: "number",
    fields: { number: "integer", product: "string", until: "date" },
  });
  expect(shape).toEqual({
    object: "licence",
    title: "Licences",
    subject: "person",
    primaryKey: "number",
    fields: { number: "integer", product: "string", until: "date" },
    first: ["product", "until"],
  });
});

it("shows no more columns at first than fit beside each other", () => {
  const fields = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`field_${n}`, "string"]));
  expect(shapeOf("wide", { primary_key: "field_0", fields }).first).toEqual(
    Array.from({ length: 6 }, (_, n) => `field_${n + 1}`),
  );
  expect(OPPORTUNITY.first.every((name) => name in OPPORTUNITY.fields)).toBe(true);
});

it("calls an object by its key in words where its name says the same and is not kept", () => {
  expect(shapeOf("service_contracts", { primary_key: "id", fields: {} }).title).toBe(
    "Service contracts",
  );
});
