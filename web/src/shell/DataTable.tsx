// One table for every list: rows that load page by page, columns the user may hide and sort by, rows to choose.
import {
  Button,
  Checkbox,
  Group,
  Loader,
  Skeleton,
  Table,
  Text,
  UnstyledButton,
} from "@mantine/core";
import { ArrowDown, ArrowUp, ArrowUpDown } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { strings } from "../strings";
import { ErrorNotice } from "./ErrorNotice";
import { ScrollTable } from "./ScrollTable";
import { isUnfinished, SearchOn, useSearchOn, wordsOfSearch } from "./searchOn";
import type { Chosen } from "./selection";
import classes from "./shell.module.css";
import { MOST_SORTED, type Plain, type Sorting, sorted, turned } from "./sorting";

export type Column<T> = {
  id: string;
  label: string;
  cell: (row: T) => ReactNode;
  /** What the cell stands for: what is sorted by, and what a CSV file holds. */
  value?: (row: T) => Plain;
  numeric?: boolean;
  /** Shown only once the user chooses it. */
  optional?: boolean;
  /** Always shown: the column that names the row. */
  fixed?: boolean;
  /** Among which columns the chooser shows it; of such a group only so many are shown at once. */
  group?: string;
  /** What the server calls an order by this column. */
  order?: string;
  /** What an export by the server calls it. */
  fields?: string[];
};

/** How many columns of a group are shown at once: the server tells no more of a row. */
export const MOST_OF_GROUP = 20;

/** The part of an infinite query that a table needs. */
export type Rows<T> = {
  data?: { pages: { items: T[]; total?: number | null }[] };
  error: unknown;
  isPending: boolean;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  /** What is shown is the answer to an earlier search. */
  isPlaceholderData?: boolean;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
};

/** What the server itself sorts: the whole list at once, however long. */
export type ServerSort = {
  /** The server's name for an order; none where it has none, and the browser sorts. */
  nameOf: (sorting: Sorting) => string | undefined;
  /** Asks for the rows in an order, or in the usual one. */
  ask: (name: string | undefined) => void;
};

type Props<T> = {
  label: string;
  rows: Rows<T>;
  columns: Column<T>[];
  rowKey: (row: T) => string;
  /** What a row is called where it is chosen; its key where left out. */
  rowName?: ((row: T) => string) | undefined;
  empty: ReactNode;
  /** Lets rows be chosen. */
  chosen?: Chosen | undefined;
  /** What can be done with one row, at its end. */
  menu?: ((row: T) => ReactNode) | undefined;
  server?: ServerSort | undefined;
  /** The order in which the rows come. */
  usual?: Sorting | undefined;
};

export const rowsOf = <T,>(rows: Rows<T>): T[] =>
  rows.data?.pages.flatMap((page) => page.items) ?? [];
export const totalOf = <T,>(rows: Rows<T>) => rows.data?.pages[0]?.total;

export function DataTable<T>(props: Props<T>) {
  const { label, rows, columns, rowKey, rowName, empty, chosen, menu, server, usual } = props;
  const [sorting, setSorting] = useState<Sorting>();
  const loaded = rowsOf(rows);
  const here = sorting !== undefined && server?.nameOf(sorting) === undefined ? sorting : undefined;
  useWhole(rows, loaded.length, here !== undefined && !isUnfinished(rows));
  const goesOn = useSearchOn(rows);
  const sort = (column: string) => {
    const next = turned(sorting, column, usual);
    setSorting(next);
    server?.ask(next && server.nameOf(next));
  };
  if (rows.error && !rows.data) return <ErrorNotice error={rows.error} onRetry={rows.refetch} />;
  if (loaded.length === 0 && isUnfinished(rows)) return <SearchOn rows={rows} goesOn={goesOn} />;
  if (!rows.isPending && loaded.length === 0) return empty;
  const by = columns.find((column) => column.id === here?.column)?.value;
  const items = here && by ? sorted(loaded, by, here.down) : loaded;
  return (
    <div className={classes.tableFrame}>
      <ScrollTable label={label} highlightOnHover aria-busy={rows.isPending}>
        <Table.Thead>
          <Table.Tr>
            {chosen ? <ChooseAll chosen={chosen} keys={items.map(rowKey)} /> : null}
            {columns.map((column) => (
              <HeadCell
                key={column.id}
                column={column}
                sorting={sorting ?? usual}
                onSort={() => sort(column.id)}
              />
            ))}
            {menu ? <Table.Td className={classes.menuCell} /> : null}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.isPending ? <SkeletonRows columns={columns.length} /> : null}
          {items.map((row) => (
            <Row
              key={rowKey(row)}
              id={rowKey(row)}
              name={(rowName ?? rowKey)(row)}
              {...{ row, columns, chosen, menu }}
            />
          ))}
        </Table.Tbody>
      </ScrollTable>
      <MoreRows rows={rows} shown={items.length} sorted={here !== undefined} />
    </div>
  );
}

/** Sorting is of the whole list: the pages that are missing are fetched, up to a bound. */
function useWhole<T>(rows: Rows<T>, loaded: number, wanted: boolean) {
  const { hasNextPage, isFetchingNextPage, fetchNextPage, error } = rows;
  useEffect(() => {
    if (wanted && hasNextPage && !isFetchingNextPage && !error && loaded < MOST_SORTED)
      void fetchNextPage();
  }, [wanted, hasNextPage, isFetchingNextPage, fetchNextPage, error, loaded]);
}

function HeadCell<T>({
  column,
  sorting,
  onSort,
}: {
  column: Column<T>;
  sorting: Sorting | undefined;
  onSort: () => void;
}) {
  const own = sorting?.column === column.id ? sorting : undefined;
  const order = own ? (own.down ? "descending" : "ascending") : "none";
  const Icon = own ? (own.down ? ArrowDown : ArrowUp) : ArrowUpDown;
  if (!column.value) {
    return (
      <Table.Th scope="col" data-numeric={column.numeric || undefined}>
        {column.label}
      </Table.Th>
    );
  }
  return (
    <Table.Th scope="col" data-numeric={column.numeric || undefined} aria-sort={order}>
      <UnstyledButton className={classes.sort} data-on={own ? true : undefined} onClick={onSort}>
        {column.label}
        <Icon size={13} aria-hidden />
      </UnstyledButton>
    </Table.Th>
  );
}

type RowProps<T> = Pick<Props<T>, "columns" | "chosen" | "menu"> & {
  row: T;
  id: string;
  name: string;
};

function Row<T>({ row, id, name, columns, chosen, menu }: RowProps<T>) {
  const on = chosen?.keys.has(id) ?? false;
  return (
    <Table.Tr data-selected={on || undefined}>
      {chosen ? (
        <Table.Td className={classes.chooseCell}>
          <Checkbox
            size="xs"
            aria-label={strings.list.choose(name)}
            checked={on}
            onChange={() => chosen.toggle(id)}
          />
        </Table.Td>
      ) : null}
      {columns.map((column) => (
        <Table.Td key={column.id} data-numeric={column.numeric || undefined}>
          {column.cell(row)}
        </Table.Td>
      ))}
      {menu ? <Table.Td className={classes.menuCell}>{menu(row)}</Table.Td> : null}
    </Table.Tr>
  );
}

function ChooseAll({ chosen, keys }: { chosen: Chosen; keys: string[] }) {
  const count = keys.filter((key) => chosen.keys.has(key)).length;
  const all = count > 0 && count === keys.length;
  return (
    <Table.Th scope="col" className={classes.chooseCell}>
      <Checkbox
        size="xs"
        aria-label={strings.list.chooseAll}
        checked={all}
        indeterminate={count > 0 && !all}
        onChange={() => chosen.set(all ? [] : keys)}
      />
    </Table.Th>
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

type MoreProps<T> = { rows: Rows<T>; shown: number; sorted?: boolean };

/** How much of the list is shown, and the next page; the order of a part is not the order of the whole. */
export function MoreRows<T>({ rows, shown, sorted = false }: MoreProps<T>) {
  if (rows.isPending) return null;
  const unfinished = isUnfinished(rows);
  const partly = sorted && rows.hasNextPage && shown >= MOST_SORTED;
  return (
    <Group className={classes.tableFoot} justify="space-between">
      <Text size="sm" c="dimmed" role="status">
        {strings.list.shown(shown, totalOf(rows))}
        {partly ? ` · ${strings.list.sortedAmong(shown)}` : ""}
        {unfinished ? ` · ${wordsOfSearch(rows)}` : ""}
      </Text>
      {rows.hasNextPage ? (
        <Button
          size="xs"
          variant="default"
          disabled={rows.isFetchingNextPage}
          leftSection={rows.isFetchingNextPage ? <Loader size={12} /> : null}
          onClick={() => rows.fetchNextPage()}
        >
          {unfinished ? strings.list.searching.searchOn : strings.list.more}
        </Button>
      ) : null}
    </Group>
  );
}
