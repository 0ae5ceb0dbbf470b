// Lists as CSV files, made in the browser from the same answers that the table shows.
import type { Column, Rows } from "./DataTable";
import type { Plain } from "./sorting";

/** Beyond this the file would be built too long in the browser; the export then says so. */
export const MOST_EXPORTED = 20_000;

/** Up to here a file is made while one waits, even where the server would write it. */
export const MOST_AT_ONCE = 500;

type Loaded<T> = Rows<T>;

/** Every row of a list, page by page. */
export async function everyRow<T>(rows: Rows<T>): Promise<T[]> {
  let now: Loaded<T> = rows;
  while (now.hasNextPage && countOf(now) < MOST_EXPORTED) {
    now = (await now.fetchNextPage()) as Loaded<T>;
    if (now.error) throw now.error;
  }
  return now.data?.pages.flatMap((page) => page.items) ?? [];
}

const countOf = <T>(rows: Rows<T>) =>
  rows.data?.pages.reduce((sum, page) => sum + page.items.length, 0) ?? 0;

/** Header and rows; cells that a spreadsheet would take for a formula are made plain text. */
export async function csvOf<T>(columns: Column<T>[], items: T[]): Promise<string> {
  const told = columns.filter((column) => column.value !== undefined);
  const fields = told.map((column) => column.label);
  const data = items.map((row) => told.map((column) => plain(column.value?.(row))));
  return csvText(fields, data);
}

export async function csvText(fields: string[], data: (string | number)[][]): Promise<string> {
  const { default: papa } = await import("papaparse");
  return papa.unparse({ fields, data }, { escapeFormulae: true, newline: "\n" });
}

const plain = (value: Plain): string | number =>
  typeof value === "number" ? value : value === null || value === undefined ? "" : String(value);

export function download(name: string, type: string, content: BlobPart) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
