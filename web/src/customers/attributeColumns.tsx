// Attributes as columns of the lists of accounts and people: every one that is managed may be shown.
import { useQuery } from "@tanstack/react-query";
import { fieldsQuery } from "../api/admin";
import type { Subject } from "../api/customers";
import type { Field } from "../api/types";
import { attributeText } from "../shell/attributes";
import type { Column } from "../shell/DataTable";
import { useColumns } from "../shell/ListTools";
import { orderBy } from "../shell/serverSort";
import type { Plain } from "../shell/sorting";
import { strings } from "../strings";

type Row = { attributes?: Record<string, unknown> };
const BEFORE = "attribute.";

/** The columns of a list of accounts or people with its attributes behind them, and which attributes are shown. */
export function useAttributeColumns<T extends Row>(
  list: string,
  subject: Subject,
  own: Column<T>[],
) {
  const { data } = useQuery(fieldsQuery);
  const columns = [...own, ...attributeColumns<T>(data?.[subject].fields ?? [], own)];
  const { shown } = useColumns(list, columns);
  const attributes = shown.flatMap(({ id }) =>
    id.startsWith(BEFORE) ? [id.slice(BEFORE.length)] : [],
  );
  return { columns, attributes };
}

/** A column for each managed attribute that the list does not show by itself. */
export function attributeColumns<T extends Row>(fields: Field[], own: Column<T>[]): Column<T>[] {
  const told = new Set(["key", ...own.flatMap((column) => column.fields ?? [])]);
  return fields
    .filter(({ key, managed }) => managed && !told.has(key))
    .map(({ key, label, type }) => ({
      id: `${BEFORE}${key}`,
      label,
      group: strings.list.attributes,
      optional: true,
      numeric: type === "integer" || type === "number",
      order: orderBy(key),
      fields: [key],
      value: (row) => row.attributes?.[key] as Plain,
      cell: (row) => {
        const value = row.attributes?.[key];
        return value === undefined || value === "" ? strings.list.none : attributeText(value);
      },
    }));
}
