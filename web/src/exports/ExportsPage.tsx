// Files of long lists that whoever is signed in asked for.
import { ActionIcon, Group, Text, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Ban, Download, FileDown, Trash2 } from "lucide-react";
import {
  cancelExport,
  deleteExport,
  exportFile,
  exportsQuery,
  notificationsQuery,
} from "../api/exports";
import type { ExportRow } from "../api/types";
import { momentColumn } from "../shell/columns";
import { type Column, DataTable } from "../shell/DataTable";
import { EmptyState } from "../shell/EmptyState";
import { fileSize } from "../shell/format";
import { PageHeader } from "../shell/PageHeader";
import classes from "../shell/shell.module.css";
import { useRows } from "../shell/useRows";
import { strings } from "../strings";

const text = strings.exports;
const DOTS: Record<ExportRow["state"], string> = {
  queued: "scheduled",
  running: "scheduled",
  done: "good",
  failed: "bad",
  cancelled: "",
  expired: "",
};
const isOpen = ({ state }: ExportRow) => state === "queued" || state === "running";

const COLUMNS: Column<ExportRow>[] = [
  {
    id: "file",
    label: text.columns.file,
    value: (row) => row.file_name,
    cell: (row) =>
      row.state === "done" ? (
        <a className={classes.nameLink} href={exportFile(row.id)}>
          {row.file_name}
        </a>
      ) : (
        row.file_name
      ),
  },
  {
    id: "state",
    label: text.columns.state,
    value: (row) => text.states[row.state],
    cell: (row) => (
      <>
        <span className={classes.state}>
          <span className={classes.dot} data-state={DOTS[row.state]} aria-hidden />
          {text.states[row.state]}
        </span>
        {row.problem ? (
          <Text size="xs" c="dimmed">
            {row.problem.message}
          </Text>
        ) : null}
      </>
    ),
  },
  {
    id: "rows",
    label: text.columns.rows,
    numeric: true,
    value: (row) => row.rows,
    cell: (row) => text.rows(row.rows, row.expected, isOpen(row)),
  },
  {
    id: "size",
    label: text.columns.size,
    numeric: true,
    value: (row) => row.bytes,
    cell: (row) => fileSize(row.bytes),
  },
  momentColumn("asked", text.columns.asked, (row) => row.asked_at),
  momentColumn("expires", text.columns.expires, (row) => row.expires_at),
];

export function ExportsPage() {
  const rows = useRows(exportsQuery);
  return (
    <div className={classes.page}>
      <PageHeader title={text.title} detail={text.lead} />
      <DataTable
        label={text.title}
        rows={rows}
        columns={COLUMNS}
        rowKey={(row) => row.id}
        menu={(row) => <Deeds row={row} />}
        empty={<EmptyState icon={FileDown} title={text.empty} hint={text.emptyHint} />}
      />
    </div>
  );
}

function Deeds({ row }: { row: ExportRow }) {
  const cache = useQueryClient();
  const settled = {
    onSettled: () =>
      Promise.all([
        cache.invalidateQueries({ queryKey: exportsQuery.queryKey }),
        cache.invalidateQueries({ queryKey: notificationsQuery.queryKey }),
      ]),
    onError: (error: Error) => notifications.show({ color: "red", message: error.message }),
  };
  const cancel = useMutation({ mutationFn: cancelExport, ...settled });
  const remove = useMutation({ mutationFn: deleteExport, ...settled });
  return (
    <Group gap={4} wrap="nowrap" justify="flex-end">
      {row.state === "done" ? (
        <Tooltip label={text.download}>
          <ActionIcon
            component="a"
            href={exportFile(row.id)}
            variant="subtle"
            aria-label={text.downloadFile(row.file_name)}
          >
            <Download size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      ) : null}
      {isOpen(row) ? (
        <Tooltip label={text.cancel}>
          <ActionIcon
            variant="subtle"
            color="gray"
            loading={cancel.isPending}
            aria-label={text.cancelFile(row.file_name)}
            onClick={() => cancel.mutate(row.id)}
          >
            <Ban size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      ) : null}
      <Tooltip label={text.remove}>
        <ActionIcon
          variant="subtle"
          color="red"
          loading={remove.isPending}
          aria-label={text.removeFile(row.file_name)}
          onClick={() => remove.mutate(row.id)}
        >
          <Trash2 size={16} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}
