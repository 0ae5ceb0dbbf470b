// The shape of every list: title with count, search, column chooser, export, table, and what is done with many rows.
import { Group, Text } from "@mantine/core";
import { type LucideIcon, SearchX } from "lucide-react";
import type { ReactNode } from "react";
import type { ExportOf } from "../api/exports";
import { strings } from "../strings";
import { type Column, DataTable, type Rows, rowsOf, type ServerSort, totalOf } from "./DataTable";
import { EmptyState } from "./EmptyState";
import { ColumnChooser, ExportButton, SearchBox, useColumns, useSearchText } from "./ListTools";
import { PageHeader } from "./PageHeader";
import { useChosen } from "./selection";
import classes from "./shell.module.css";
import type { Sorting } from "./sorting";

export type ListProps<T> = {
  id: string;
  title: string;
  /** Left out: the list is not searched. */
  searchLabel?: string;
  rows: Rows<T>;
  columns: Column<T>[];
  rowKey: (row: T) => string;
  /** What a row is called where it is chosen; its key where left out. */
  rowName?: (row: T) => string;
  /** What can be made here; stands at the right of the title. */
  actions?: ReactNode;
  /** More that narrows the list, beside the search. */
  filters?: ReactNode;
  /** Whether something narrows the list beside the search. */
  narrowed?: boolean;
  empty: { icon: LucideIcon; title: string; hint: string; command?: string; action?: ReactNode };
  /** What can be done with the rows that are chosen; `done` lets go of them. None for whoever may do nothing with them. */
  bulk?: ((rows: T[], done: () => void) => ReactNode) | undefined;
  menu?: (row: T) => ReactNode;
  /** What stands between the tools and the rows. */
  above?: ReactNode;
  /** The list is ordered by the server, however long it is. */
  server?: ServerSort;
  /** The order in which the rows come. */
  usual?: Sorting;
  /** What the server exports where the list is long. */
  exported?: ExportOf;
};

export function ListPage<T>(props: ListProps<T>) {
  const list = useList(props);
  return (
    <div className={classes.page}>
      <PageHeader title={props.title} total={totalOf(props.rows)}>
        {list.tools}
      </PageHeader>
      {list.table}
    </div>
  );
}

/** The same list below a tab. */
export function ListSection<T>(props: ListProps<T>) {
  const list = useList(props);
  const total = totalOf(props.rows);
  return (
    <div className={classes.stack}>
      {list.tools ? (
        <Group justify="space-between" gap="xs">
          <Text size="sm" c="dimmed">
            {total == null || list.blank ? "" : strings.list.total(total)}
          </Text>
          {list.tools}
        </Group>
      ) : null}
      {list.table}
    </div>
  );
}

const isEmpty = <T,>(rows: Rows<T>) =>
  !rows.isPending &&
  !rows.isPlaceholderData &&
  !rows.error &&
  !rows.hasNextPage &&
  rowsOf(rows).length === 0;

function useList<T>(props: ListProps<T>) {
  const { id, title, searchLabel, rows, columns, rowKey, actions, filters, empty, bulk, menu } =
    props;
  const { server, usual, exported } = props;
  const q = useSearchText();
  const chosen = useChosen();
  const { shown, chooser } = useColumns(id, columns);
  const narrowed = q !== "" || props.narrowed === true;
  const picked = bulk ? rowsOf(rows).filter((row) => chosen.keys.has(rowKey(row))) : [];
  // An empty list offers to make something, and nothing else: there is nothing to search, to choose from or to save.
  const blank = !narrowed && isEmpty(rows);
  const tools =
    blank && empty.action ? null : (
      <Group gap="xs">
        {searchLabel ? <SearchBox label={searchLabel} /> : null}
        {filters}
        <ColumnChooser {...chooser} />
        <ExportButton name={id} rows={rows} columns={shown} exported={exported} />
        {actions}
      </Group>
    );
  const table = (
    <>
      {props.above}
      {bulk && picked.length > 0 ? (
        <section className={classes.bulkBar} aria-label={strings.list.bulk}>
          <Text size="sm" fw={600} role="status">
            {strings.list.chosen(picked.length)}
          </Text>
          <Group gap="xs">{bulk(picked, () => chosen.set([]))}</Group>
        </section>
      ) : null}
      <DataTable
        label={title}
        rows={rows}
        columns={shown}
        rowKey={rowKey}
        rowName={props.rowName}
        chosen={bulk ? chosen : undefined}
        menu={menu}
        server={server}
        usual={usual}
        empty={
          narrowed ? (
            <EmptyState
              icon={SearchX}
              title={q ? strings.list.noMatch(q) : strings.list.noneSo}
              hint={strings.list.noMatchHint}
            />
          ) : (
            <EmptyState {...empty}>{empty.action}</EmptyState>
          )
        }
      />
    </>
  );
  return { tools, table, blank };
}
