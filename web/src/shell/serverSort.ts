// Lists that the server orders: which column it knows by which name, and what was asked for.
import { useState } from "react";
import type { Column, ServerSort } from "./DataTable";

/** An order as the server takes it: by a column of the list itself, or by an attribute. */
export type Order = ({ sort: string } | { sort_attribute: string }) & { descending: boolean };

/** What the server calls an order by an attribute begins so. */
const BY_ATTRIBUTE = "attribute:";
export const orderBy = (attribute: string) => `${BY_ATTRIBUTE}${attribute}`;

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
    ask: (name) => setOrder(name ? orderOf(name) : undefined),
  };
  return { order, server };
}

function orderOf(name: string): Order {
  const [descending, by] = [name.startsWith("-"), name.slice(1)];
  return by.startsWith(BY_ATTRIBUTE)
    ? { sort_attribute: by.slice(BY_ATTRIBUTE.length), descending }
    : { sort: by, descending };
}

/** The columns that are shown, as an export by the server calls them. */
export const fieldsOf = <T>(columns: Column<T>[]): string[] =>
  columns.flatMap(({ fields }) => fields ?? []);
