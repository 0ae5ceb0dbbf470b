// What a spam filter makes of an email as one person would get it: its points, and the rules that gave them.
import { Alert, Button, Modal, Skeleton, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { spamReportQuery, type Viewer } from "../api/content";
import type { SpamReport as Report } from "../api/types";
import type { Fields } from "../editor/manifest";
import { Refusal } from "../journeys/Refusal";
import { ScrollTable } from "../shell/ScrollTable";
import { strings } from "../strings";
import { spam as text } from "../strings/spam";

type Props = { definition: string; body: Fields; viewer: Viewer; onClose: () => void };

export default function SpamReport({ definition, body, viewer, onClose }: Props) {
  const { data, error, refetch, isFetching } = useQuery(spamReportQuery(definition, body, viewer));
  return (
    <Modal
      opened
      onClose={onClose}
      title={text.title}
      size="lg"
      closeButtonProps={{ "aria-label": strings.close }}
    >
      <Stack gap="sm">
        {error ? <Refusal error={error} /> : null}
        {!data && !error ? <Skeleton height={160} /> : null}
        {data ? <Judged report={data} /> : null}
        <Button
          variant="default"
          style={{ alignSelf: "flex-start" }}
          loading={isFetching}
          onClick={() => refetch()}
        >
          {text.again}
        </Button>
      </Stack>
    </Modal>
  );
}

function Judged({ report }: { report: Report }) {
  return (
    <>
      <Alert
        variant="light"
        role="status"
        color={report.worrying ? "yellow" : "green"}
        title={text.score(report.score, report.threshold)}
        styles={{ title: { color: "var(--mantine-color-text)" } }}
      >
        <Text size="sm">{report.worrying ? text.worrying : text.good}</Text>
        <Text size="xs" c="dimmed" mt={4}>
          {report.problem ? text.failed : text.by[report.by]}
        </Text>
        {report.problem ? (
          <Text size="xs" mt={4}>
            {report.problem}
          </Text>
        ) : null}
      </Alert>
      {report.rules.length === 0 ? <Text size="sm">{text.none}</Text> : <Rules of={report} />}
    </>
  );
}

function Rules({ of }: { of: Report }) {
  return (
    <ScrollTable label={text.rule} verticalSpacing="xs">
      <Table.Thead>
        <Table.Tr>
          <Table.Th ta="right">{text.points}</Table.Th>
          <Table.Th>{text.rule}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {of.rules.map((rule) => (
          <Table.Tr key={rule.name}>
            <Table.Td ta="right">{text.point(rule.points)}</Table.Td>
            <Table.Td>
              <Text size="xs" ff="monospace">
                {rule.name}
              </Text>
              <Text size="sm">{rule.description}</Text>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </ScrollTable>
  );
}
