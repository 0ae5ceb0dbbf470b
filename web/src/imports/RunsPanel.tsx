// The import files that arrive at a connection: when it is looked at next, and what became of each file.
import { Alert, Anchor, Button, Group, List, Table, Text, UnstyledButton } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ChevronDown, ChevronRight } from "lucide-react";
import { Fragment, useState } from "react";
import { useMay } from "../admin/useMay";
import { importRunsQuery, importScheduleQuery, lookNow, rejectsFile } from "../api/admin";
import type { ImportRun } from "../api/types";
import type { PanelProps } from "../definitions/editors";
import { isRecord } from "../editor/manifest";
import { Refusal } from "../journeys/Refusal";
import { Card } from "../shell/Card";
import { MoreRows, rowsOf } from "../shell/DataTable";
import { formatNumber, formatValue, humanise } from "../shell/format";
import { Moment } from "../shell/Moment";
import { prose } from "../shell/Prose";
import { ScrollTable } from "../shell/ScrollTable";
import { strings } from "../strings";
import own from "./imports.module.css";
import { RunState } from "./RunState";
import { scheduleOf } from "./schedules";

const text = strings.imports.schedule;

export default function RunsPanel({ definition, body }: PanelProps) {
  const cache = useQueryClient();
  const may = useMay()?.("customers:write") === true;
  const looked = scheduleOf(body) !== undefined;
  const schedule = importScheduleQuery(definition);
  const { data } = useQuery({ ...schedule, enabled: looked });
  const rows = useInfiniteQuery({ ...importRunsQuery(definition), enabled: looked });
  const look = useMutation({
    mutationFn: () => lookNow(definition),
    onSuccess: (now) => cache.setQueryData(schedule.queryKey, now),
  });
  if (!looked) return null;
  const runs = rowsOf(rows);
  return (
    <Card
      title={text.runs}
      aside={
        may ? (
          <Button
            size="xs"
            variant="default"
            loading={look.isPending}
            onClick={() => look.mutate()}
          >
            {text.look}
          </Button>
        ) : null
      }
    >
      {look.error ? <Refusal error={look.error} /> : null}
      {data?.problem ? (
        <Alert color="red" variant="light" mb="sm" title={text.problem}>
          {prose(data.problem)}
        </Alert>
      ) : null}
      {data ? (
        <Text size="sm" c="dimmed" mb="sm">
          {text.next}: {data.next_at ? <Moment at={data.next_at} /> : text.soon}
        </Text>
      ) : null}
      {runs.length === 0 ? (
        <Text c="dimmed">{text.noRuns}</Text>
      ) : (
        <Runs connection={definition} runs={runs} />
      )}
      {runs.length > 0 ? <MoreRows rows={rows} shown={runs.length} /> : null}
    </Card>
  );
}

const keyOf = (run: ImportRun) => `${run.file} ${run.version}`;

function Runs({ connection, runs }: { connection: string; runs: ImportRun[] }) {
  const [opened, setOpened] = useState<string>();
  return (
    <ScrollTable label={text.runs} fz="sm" verticalSpacing={6}>
      <Table.Thead>
        <Table.Tr>
          {Object.entries(text.columns).map(([id, label]) => (
            <Table.Th key={id}>{label}</Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {runs.map((run) => (
          <RunRows
            key={keyOf(run)}
            connection={connection}
            run={run}
            open={opened === keyOf(run)}
            onToggle={() => setOpened((now) => (now === keyOf(run) ? undefined : keyOf(run)))}
          />
        ))}
      </Table.Tbody>
    </ScrollTable>
  );
}

type RunRowsProps = { connection: string; run: ImportRun; open: boolean; onToggle: () => void };

function RunRows({ connection, run, open, onToggle }: RunRowsProps) {
  const Chevron = open ? ChevronDown : ChevronRight;
  return (
    <Fragment>
      <Table.Tr>
        <Table.Td>
          <UnstyledButton className={own.opener} aria-expanded={open} onClick={onToggle}>
            <Chevron size={14} aria-hidden /> {run.file}
          </UnstyledButton>
        </Table.Td>
        <Table.Td>{humanise(run.kind)}</Table.Td>
        <Table.Td>
          <RunState run={run} />
        </Table.Td>
        <Table.Td>
          <Moment at={run.started_at} dimmed />
        </Table.Td>
        <Table.Td>{isRecord(run.report) ? formatValue(run.report.read) : ""}</Table.Td>
      </Table.Tr>
      {open ? (
        <Table.Tr>
          <Table.Td colSpan={5}>
            <Report report={run.report} file={rejectsFile(connection, run.id)} />
          </Table.Td>
        </Table.Tr>
      ) : null}
    </Fragment>
  );
}

const FIGURES = ["created", "updated", "unchanged", "parked", "rejected"] as const;

/** What the importer says of a file: its counts, its notes and the rows that it did not take; or why none of it was taken. */
function Report({ report, file }: { report: unknown; file: string }) {
  if (!isRecord(report)) return <Text size="sm">{text.states.running}</Text>;
  if (typeof report.message === "string")
    return (
      <Text size="sm" c="red">
        {prose(report.message)}
      </Text>
    );
  const rejects = Array.isArray(report.rejects) ? report.rejects.filter(isRecord) : [];
  const notes = Array.isArray(report.notes) ? report.notes.map(String) : [];
  const rejected = Number(report.rejected ?? 0);
  return (
    <>
      <Group gap="lg">
        {FIGURES.map((figure) => (
          <Text key={figure} size="sm">
            {strings.imports.figures[figure]}: <b>{formatValue(report[figure])}</b>
          </Text>
        ))}
      </Group>
      {notes.length > 0 ? (
        <List size="sm" mt="xs">
          {notes.map((note) => (
            <List.Item key={note}>{note}</List.Item>
          ))}
        </List>
      ) : null}
      {rejects.length > 0 ? (
        <Table aria-label={strings.imports.rejects} mt="xs" fz="sm" verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={80}>{strings.imports.rejectColumns.line}</Table.Th>
              <Table.Th>{strings.imports.rejectColumns.reason}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rejects.map((reject) => (
              <Table.Tr key={`${reject.line} ${reject.reason}`}>
                <Table.Td>{formatNumber(Number(reject.line))}</Table.Td>
                <Table.Td>{prose(String(reject.reason))}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      ) : null}
      {rejected > 0 ? (
        <Text size="xs" c="dimmed" mt={4}>
          {rejected > rejects.length ? strings.imports.rejectsMore(rejects.length, rejected) : ""}{" "}
          <Anchor href={file} inherit>
            {strings.imports.allRejects}
          </Anchor>
        </Text>
      ) : null}
    </>
  );
}
