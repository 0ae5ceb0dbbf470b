// What became of the file, or would become of it: the importer's own figures, and each row that it does not take.
import { Alert, Button, Group, List, Progress, Stack, Table, Text } from "@mantine/core";
import { Download } from "lucide-react";
import type { ImportReport } from "../api/types";
import { Refusal } from "../journeys/Refusal";
import { csvText, download } from "../shell/csv";
import { formatNumber } from "../shell/format";
import { LinkTo } from "../shell/LinkTo";
import { prose } from "../shell/Prose";
import { ScrollTable } from "../shell/ScrollTable";
import { strings } from "../strings";
import own from "./imports.module.css";

const text = strings.imports;
const FIGURES = ["read", "created", "updated", "unchanged", "parked", "rejected"] as const;
const SHOWN_REJECTS = 20;

type Props = {
  dryRun: boolean;
  report: ImportReport | undefined;
  error: Error | null;
  progress: number;
  onStop: () => void;
  onBack: () => void;
  onRun: () => void;
  onAgain: () => void;
  /** Where what was taken in can be seen. */
  to: string;
};

export function Outcome(props: Props) {
  const { dryRun, report, error, onBack, onRun, onAgain, to } = props;
  if (error) {
    return (
      <Stack gap="md">
        <Refusal error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onBack}>
            {text.previous}
          </Button>
        </Group>
      </Stack>
    );
  }
  if (!report) return <Running {...props} />;
  return (
    <Stack gap="lg">
      <Text fw={600}>{dryRun ? text.lead.check : text.lead.done}</Text>
      <dl className={own.figures}>
        {FIGURES.map((figure) => (
          <div key={figure} className={own.figure}>
            <dt>{text.figures[figure]}</dt>
            <dd data-figure={figure}>{formatNumber(report[figure])}</dd>
          </div>
        ))}
      </dl>
      {report.parked > 0 ? <Text size="sm">{text.parkedHint}</Text> : null}
      {report.notes.length > 0 ? (
        <Alert color="blue" variant="light" title={text.notes}>
          <List size="sm">
            {report.notes.map((note) => (
              <List.Item key={note}>{note}</List.Item>
            ))}
          </List>
        </Alert>
      ) : null}
      {report.rejects.length > 0 ? <Rejects report={report} /> : null}
      <Group justify="flex-end" gap="xs">
        {dryRun ? (
          <>
            <Button variant="default" onClick={onBack}>
              {text.previous}
            </Button>
            <Button onClick={onRun} disabled={report.read === report.rejected}>
              {text.run}
            </Button>
          </>
        ) : (
          <>
            <Button variant="default" onClick={onAgain}>
              {text.again}
            </Button>
            <Button component={LinkTo} to={to}>
              {strings.conditions.done}
            </Button>
          </>
        )}
      </Group>
    </Stack>
  );
}

function Running({ dryRun, progress, onStop }: Props) {
  const percent = Math.round(progress * 100);
  const words = dryRun ? text.checking : progress < 1 ? text.running(percent) : text.settling;
  return (
    <Stack gap="md">
      <Text role="status">{words}</Text>
      <Progress value={percent} animated aria-label={words} />
      <Group justify="flex-end">
        <Button variant="default" onClick={onStop}>
          {text.stop}
        </Button>
      </Group>
    </Stack>
  );
}

function Rejects({ report }: { report: ImportReport }) {
  const shown = report.rejects.slice(0, SHOWN_REJECTS);
  const save = async () => {
    const { line, reason } = text.rejectColumns;
    const rows = report.rejects.map((reject) => [reject.line, reject.reason]);
    download("rejects.csv", "text/csv;charset=utf-8", await csvText([line, reason], rows));
  };
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Text fw={600}>{text.rejects}</Text>
        <Button
          size="xs"
          variant="default"
          leftSection={<Download size={14} aria-hidden />}
          onClick={() => void save()}
        >
          {text.saveRejects(report.rejects.length, report.rejected)}
        </Button>
      </Group>
      <ScrollTable label={text.rejects} fz="sm" verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={80}>{text.rejectColumns.line}</Table.Th>
            <Table.Th>{text.rejectColumns.reason}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {shown.map((reject) => (
            <Table.Tr key={reject.line}>
              <Table.Td>{formatNumber(reject.line)}</Table.Td>
              <Table.Td>{prose(reject.reason)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </ScrollTable>
      {report.rejected > shown.length ? (
        <Text size="xs" c="dimmed">
          {text.rejectsMore(shown.length, report.rejected)}
        </Text>
      ) : null}
    </Stack>
  );
}
