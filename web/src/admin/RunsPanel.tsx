// The files that a folder connection took in.
import { Table, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { importRunsQuery } from "../api/admin";
import type { PanelProps } from "../definitions/editors";
import { isRecord } from "../editor/manifest";
import { Card } from "../shell/Card";
import { MoreRows, rowsOf } from "../shell/DataTable";
import { formatValue, humanise } from "../shell/format";
import { Moment } from "../shell/Moment";
import { strings } from "../strings";

const text = strings.admin.runs;

export default function RunsPanel({ definition, body }: PanelProps) {
  const folder = body.type === "folder";
  const rows = useInfiniteQuery({ ...importRunsQuery(definition), enabled: folder });
  if (!folder) return null;
  const runs = rowsOf(rows);
  return (
    <Card title={text.title}>
      {runs.length === 0 ? (
        <Text c="dimmed">{text.none}</Text>
      ) : (
        <Table aria-label={text.title} fz="sm" verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              {Object.entries(text.columns).map(([id, label]) => (
                <Table.Th key={id}>{label}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {runs.map((run) => (
              <Table.Tr key={`${run.file} ${run.version}`}>
                <Table.Td>{run.file}</Table.Td>
                <Table.Td>{humanise(run.kind)}</Table.Td>
                <Table.Td>{humanise(run.state)}</Table.Td>
                <Table.Td>
                  <Moment at={run.started_at} dimmed />
                </Table.Td>
                <Table.Td>{isRecord(run.report) ? formatValue(run.report.read) : ""}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {runs.length > 0 ? <MoreRows rows={rows} shown={runs.length} /> : null}
    </Card>
  );
}
