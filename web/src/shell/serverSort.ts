// Lists that the server orders: which column it knows by which name, and what was asked for.
import { useState } from "react";
import type { Column, ServerSort } from "./DataTable";

/** An order as the server takes it. */
export type Order = { sort: string; descending: boolean };

/** How definitions come where nobody asked for another order: what was changed last first. */
export const CHANGED_LAST: Order = { sort: "updated_at", descending: true };

/** The order that was asked for, and what a table needs to ask for another. */
export function useServerSort<T>(columns: Column<T>[]): {
  order: Order | undefined;
  server: ServerSort;
} {
  const [order, setOrder] = useState<Order>();
  const server: ServerSort = {
    nameOf: ({ column, down }) => {
      const name = columns.find(({ id }) => id === column)?.order;
      return name && `${down ? "-" : "+"}${name}`;
    },
    ask: (name) =>
      setOrder(name ? { sort: name.slice(1), descending: name.startsWith("-") } : undefined),
  };
  return { order, server };
}

/** The columns that are shown, as an export by the server calls them. */
export const fieldsOf = <T>(columns: Column<T>[]): string[] =>
  columns.flatMap(({ fields }) => fields ?? []);
