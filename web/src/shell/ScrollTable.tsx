// The table of every card and page: one that is wider than its place scrolls there, and the page never does.
import { Table, type TableProps } from "@mantine/core";
import { ScrollBox } from "./ScrollBox";

type ScrollTableProps = Omit<TableProps, "aria-label"> & {
  /** What the table is called, as a table and as the region that scrolls. */
  label: string;
};

export function ScrollTable({ label, ...table }: ScrollTableProps) {
  return (
    <ScrollBox label={label}>
      <Table aria-label={label} {...table} />
    </ScrollBox>
  );
}
