// In which order a table shows its rows. No React in here.

export type Plain = string | number | boolean | null | undefined;
export type Sorting = { column: string; down: boolean };

/** How lists come of which each row has a key. */
export const BY_KEY: Sorting = { column: "key", down: false };

/** How lists come that begin with what was changed last. */
export const BY_CHANGE: Sorting = { column: "updated", down: true };

/** As many rows are fetched to sort a list; longer lists are searched first. */
export const MOST_SORTED = 2_000;

/**
 * One click sorts up, the second down, the third gives the usual order back; the column of the usual order begins with
 * the other direction.
 */
export function turned(
  now: Sorting | undefined,
  column: string,
  usual?: Sorting,
): Sorting | undefined {
  if (usual?.column === column)
    return now?.column === column ? undefined : { column, down: !usual.down };
  if (now?.column !== column) return { column, down: false };
  return now.down ? undefined : { column, down: true };
}

/** A sorted copy; what is missing stands last in both directions. */
export function sorted<T>(rows: T[], by: (row: T) => Plain, down: boolean): T[] {
  return [...rows].sort((a, b) => {
    const [left, right] = [by(a), by(b)];
    if (isMissing(left) || isMissing(right))
      return Number(isMissing(left)) - Number(isMissing(right));
    const order =
      typeof left === "string" || typeof right === "string"
        ? String(left).localeCompare(String(right), undefined, { numeric: true })
        : Number(left) - Number(right);
    return down ? -order : order;
  });
}

const isMissing = (value: Plain) => value === null || value === undefined || value === "";
