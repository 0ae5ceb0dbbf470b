// The shape of every list: title with count, search, column chooser, table.
import { Group } from "@mantine/core";
import { type LucideIcon, SearchX } from "lucide-react";
import type { ReactNode } from "react";
import { strings } from "../strings";
import { type Column, DataTable, type Rows, totalOf } from "./DataTable";
import { EmptyState } from "./EmptyState";
import { ColumnChooser, SearchBox, useColumns, useSearchText } from "./ListTools";
import { PageHeader } from "./PageHeader";
import classes from "./shell.module.css";

type Props<T> = {
  id: string;
  title: string;
  searchLabel: string;
  rows: Rows<T>;
  columns: Column<T>[];
  rowKey: (row: T) => string;
  /** What can be made here; stands at the right of the title. */
  actions?: ReactNode;
  empty: { icon: LucideIcon; title: string; hint: string; command?: string; action?: ReactNode };
};

export function ListPage<T>({
  id,
  title,
  searchLabel,
  rows,
  columns,
  rowKey,
  actions,
  empty,
}: Props<T>) {
  const q = useSearchText();
  const { shown, chooser } = useColumns(id, columns);
  return (
    <div className={classes.page}>
      <PageHeader title={title} total={totalOf(rows)}>
        <Group gap="xs">
          <SearchBox label={searchLabel} />
          <ColumnChooser {...chooser} />
          {actions}
        </Group>
      </PageHeader>
      <DataTable
        label={title}
        rows={rows}
        columns={shown}
        rowKey={rowKey}
        empty={
          q ? (
            <EmptyState
              icon={SearchX}
              title={strings.list.noMatch(q)}
              hint={strings.list.noMatchHint}
            />
          ) : (
            <EmptyState {...empty}>{empty.action}</EmptyState>
          )
        }
      />
    </div>
  );
}
