import type { Field } from "../api/types";
import type { Column } from "../shell/DataTable";
import { attributeColumns } from "./attributeColumns";

type Row = { attributes?: Record<string, unknown> };
const field = (key: string, more: Partial<Field> = {}) =>
  ({ key, label: key, type: "string", managed: true, ...more }) as Field;
const OWN: Column<Row>[] = [
  { id: "who", label: "Who", fields: ["first_name", "last_name"], cell: () => null },
];

it("makes a column of every managed attribute that the list does not tell by itself", () => {
  const fields = [
    field("key"),
    field("first_name"),
    field("tier"),
    field("old", { managed: false }),
  ];
  const columns = attributeColumns(fields, OWN);
  expect(columns.map(({ id }) => id)).toEqual(["attribute.tier"]);
  expect(columns[0]).toMatchObject({ optional: true, fields: ["tier"], order: "attribute:tier" });
});

it("tells what an attribute holds as people read it, and what is missing by a dash", () => {
  const [vip, seats] = attributeColumns<Row>(
    [field("vip", { type: "boolean" }), field("seats", { type: "integer" })],
    OWN,
  );
  const row = { attributes: { vip: false, seats: 12_000 } };
  expect([vip?.cell(row), seats?.cell(row)]).toEqual(["No", "12,000"]);
  expect([seats?.value?.(row), seats?.numeric, vip?.numeric]).toEqual([12_000, true, false]);
  expect([vip?.cell({}), vip?.cell({ attributes: { vip: "" } })]).toEqual(["–", "–"]);
});
