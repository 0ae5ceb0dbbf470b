// How much room the store takes, table by table, and for how long activities are kept.
import { Button, Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { HardDrive } from "lucide-react";
import { retentionQuery, storageQuery } from "../api/admin";
import type { StoredTable } from "../api/types";
import { useNames } from "../conditions/useNames";
import { addressOf } from "../definitions/address";
import { Card } from "../shell/Card";
import { type Column, DataTable } from "../shell/DataTable";
import { EmptyState } from "../shell/EmptyState";
import { ErrorNotice } from "../shell/ErrorNotice";
import { Facts } from "../shell/Facts";
import { durationWords, fileSize, formatDate, formatNumber, humanise } from "../shell/format";
import { LinkTo } from "../shell/LinkTo";
import { Moment } from "../shell/Moment";
import classes from "../shell/shell.module.css";
import { wholeRows } from "../shell/useRows";
import { strings } from "../strings";
import own from "./admin.module.css";

const text = strings.admin.storage;

export function StorageTab() {
  const storage = useQuery(storageQuery);
  const { data, error, refetch } = storage;
  if (error) return <ErrorNotice error={error} onRetry={refetch} />;
  if (!data) return <Skeleton height={420} />;
  // Tables that hold nothing tell nothing.
  const tables = data.tables.filter(({ rows }) => rows > 0);
  const inTables = data.tables.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
  return (
    <div className={classes.stack}>
      <Card title={text.total}>
        <Text fz={32} fw={650} lh={1.2}>
          {fileSize(data.bytes)}
        </Text>
        <Text size="sm" c="dimmed">
          {text.databases[data.database]}{" "}
          {inTables > 0 ? text.ofTables[data.database]?.(fileSize(inTables)) : null}
        </Text>
      </Card>
      <Retention />
      <DataTable
        label={text.tables}
        rows={wholeRows(storage, tables)}
        columns={columnsOf(inTables)}
        rowKey={(row) => row.table}
        empty={<EmptyState icon={HardDrive} title={text.tables} hint="" />}
      />
    </div>
  );
}

const columnsOf = (whole: number): Column<StoredTable>[] => [
  {
    id: "table",
    label: text.columns.table,
    value: (row) => row.table,
    cell: (row) => humanise(row.table),
  },
  {
    id: "rows",
    label: text.columns.rows,
    numeric: true,
    value: (row) => row.rows,
    cell: (row) => (row.estimated ? text.about(formatNumber(row.rows)) : formatNumber(row.rows)),
  },
  {
    id: "bytes",
    label: text.columns.bytes,
    numeric: true,
    value: (row) => row.bytes,
    cell: (row) => (row.bytes == null ? strings.list.none : fileSize(row.bytes)),
  },
  {
    id: "share",
    label: text.columns.share,
    cell: (row) => (
      <span className={own.shareTrack} aria-hidden>
        <span
          className={own.share}
          style={{ width: `${(100 * (row.bytes ?? 0)) / Math.max(whole, 1)}%` }}
        />
      </span>
    ),
  },
];

function Retention() {
  const { data } = useQuery(retentionQuery);
  const names = useNames(undefined);
  const rules = data?.rules ?? [];
  const keep = (duration: string) => `${text.keep} ${durationWords(duration)}`;
  return (
    <Card
      title={text.retention}
      aside={
        <Button
          component={LinkTo}
          to={addressOf("settings", "settings")}
          size="xs"
          variant="default"
        >
          {text.change}
        </Button>
      }
    >
      {data && rules.length === 0 ? (
        <Text size="sm" mb="sm">
          {text.forEver}
        </Text>
      ) : null}
      {data ? (
        <Facts
          facts={[
            ...rules.map((rule) => ({
              label: rule.activity === "*" ? text.everyType : names.event(rule.activity),
              value: keep(rule.keep),
            })),
            { label: text.repeats, value: keep(data.repeats) },
            { label: text.unknown, value: keep(data.unknown) },
            { label: text.messages, value: keep(data.messages) },
            { label: text.mailReports, value: keep(data.mail_reports) },
            ...data.sizes.map((size) => ({
              label: text.sizes[size.what] ?? size.what,
              value: [
                formatNumber(size.rows),
                ...(size.oldest ? [text.oldest(formatDate(size.oldest))] : []),
              ].join(" · "),
            })),
            {
              label: text.lastRun,
              value: data.last_run ? (
                <>
                  <Moment at={data.last_run.ended_at} /> ·{" "}
                  {text.deleted(formatNumber(data.last_run.activities))}
                </>
              ) : (
                text.notYet
              ),
            },
          ]}
        />
      ) : null}
    </Card>
  );
}
