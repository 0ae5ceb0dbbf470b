// Columns that many lists have alike.
import { strings } from "../strings";
import type { Column } from "./DataTable";
import { humanise } from "./format";
import { Moment } from "./Moment";

/** A column of plain text; rows without it show a dash. */
export function textColumn<Row>(
  id: string,
  label: string,
  text: (row: Row) => string | null | undefined,
  more: Pick<Column<Row>, "optional" | "order" | "fields"> = {},
): Column<Row> {
  return { id, label, value: text, cell: (row) => text(row) ?? strings.list.none, ...more };
}

/** A column of words that the server writes as keys: `not_found` → “Not found”. */
export function wordColumn<Row>(
  id: string,
  label: string,
  word: (row: Row) => string,
): Column<Row> {
  return { id, label, value: word, cell: (row) => humanise(word(row)) };
}

/** A column of moments; `never` is what rows without one say. */
export function momentColumn<Row>(
  id: string,
  label: string,
  at: (row: Row) => string | null | undefined,
  never: string = strings.list.none,
): Column<Row> {
  return {
    id,
    label,
    value: at,
    cell: (row) => (at(row) ? <Moment at={at(row)} dimmed /> : never),
  };
}
