// Columns that many lists have alike.
import { strings } from "../strings";
import type { Column } from "./DataTable";

/** A column of plain text; rows without it show a dash. */
export function textColumn<Row>(
  id: string,
  label: string,
  text: (row: Row) => string | null | undefined,
  more: Pick<Column<Row>, "optional"> = {},
): Column<Row> {
  return { id, label, value: text, cell: (row) => text(row) ?? strings.list.none, ...more };
}
