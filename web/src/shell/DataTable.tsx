// One table for every list: rows that load page by page, and columns the user may hide.
import { Button, Group, Loader, Skeleton, Table, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { strings } from "../strings";
import { ErrorNotice } from "./ErrorNotice";
import classes from "./shell.module.css";

export type Column<T> = {
  id: string;
  label: string;
  cell: (row: T) => ReactNode;
  numeric?: boolean;
  /** Shown only once the user chooses it. */
  optional?: boolean;
  /** Always shown: the column that names the row. */
  fixed?: boolean;
};

/** The part of an infinite query that a table needs. */
export type Rows<T> = {
  data?: { pages: { items: T[]; total?: number | null }[] };
  error: unknown;
  isPending: boolean;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
};

type Props<T> = {
  label: string;
  rows: Rows<T>;
  columns: Column<T>[];
  rowKey: (row: T) => string;
  empty: ReactNode;
};

export const rowsOf = <T,>(rows: Rows<T>): T[] =>
  rows.data?.pages.flatMap((page) => page.items) ?? [];
export const totalOf = <T,>(rows: Rows<T>) => rows.data?.pages[0]?.total;

export function DataTable<T>({ label, rows, columns, rowKey, empty }: Props<T>) {
  if (rows.error && !rows.data) return <ErrorNotice error={rows.error} onRetry={rows.refetch} />;
  const items = rowsOf(rows);
  if (!rows.isPending && items.length === 0) return empty;
  return (
    <div className={classes.tableFrame}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section className={classes.tableScroll} tabIndex={0} aria-label={label}>
        <Table highlightOnHover aria-label={label} aria-busy={rows.isPending}>
          <Table.Thead>
            <Table.Tr>
              {columns.map((column) => (
                <Table.Th key={column.id} scope="col" data-numeric={column.numeric || undefined}>
                  {column.label}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.isPending ? <SkeletonRows columns={columns.length} /> : null}
            {items.map((row) => (
              <Table.Tr key={rowKey(row)}>
                {columns.map((column) => (
                  <Table.Td key={column.id} data-numeric={column.numeric || undefined}>
                    {column.cell(row)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </section>
      <MoreRows rows={rows} shown={items.length} />
    </div>
  );
}

function SkeletonRows({ columns }: { columns: number }) {
  return ["a", "b", "c", "d", "e"].map((row) => (
    <Table.Tr key={row} aria-hidden>
      <Table.Td colSpan={columns}>
        <Skeleton height={16} />
      </Table.Td>
    </Table.Tr>
  ));
}

/** How much of the list is shown, and the next page. */
export function MoreRows<T>({ rows, shown }: { rows: Rows<T>; shown: number }) {
  if (rows.isPending) return null;
  return (
    <Group className={classes.tableFoot} justify="space-between">
      <Text size="sm" c="dimmed" role="status">
        {strings.list.shown(shown, totalOf(rows))}
      </Text>
      {rows.hasNextPage ? (
        <Button
          size="xs"
          variant="default"
          disabled={rows.isFetchingNextPage}
          leftSection={rows.isFetchingNextPage ? <Loader size={12} /> : null}
          onClick={() => rows.fetchNextPage()}
        >
          {strings.list.more}
        </Button>
      ) : null}
    </Group>
  );
}
