// What a person said to messages, how it came in and what shows it, newest first.
import { ActionIcon, Group, Table, Text, Tooltip } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Download, ShieldCheck } from "lucide-react";
import { consentCsv, consentQuery } from "../api/queries";
import type { ConsentRecord } from "../api/types";
import { Card } from "../shell/Card";
import { MoreRows, rowsOf } from "../shell/DataTable";
import { EmptyState } from "../shell/EmptyState";
import { ErrorNotice } from "../shell/ErrorNotice";
import { Facts } from "../shell/Facts";
import { formatValue, humanise } from "../shell/format";
import { Moment } from "../shell/Moment";
import { ScrollTable } from "../shell/ScrollTable";
import { Verdict } from "../shell/Verdict";
import { strings } from "../strings";

const text = strings.people.consent;
const GRADES = { y: "good", n: "bad" } as const;

export function ConsentHistory({ person }: { person: string }) {
  const rows = useInfiniteQuery(consentQuery(person));
  const items = rowsOf(rows);
  if (rows.error && !rows.data) return <ErrorNotice error={rows.error} onRetry={rows.refetch} />;
  if (!rows.isPending && items.length === 0) {
    return <EmptyState icon={ShieldCheck} title={text.none} hint={text.noneHint} />;
  }
  return (
    <Card
      title={text.title}
      aside={
        <Tooltip label={text.csv}>
          <ActionIcon
            component="a"
            href={consentCsv(person)}
            variant="default"
            aria-label={text.csv}
          >
            <Download size={15} aria-hidden />
          </ActionIcon>
        </Tooltip>
      }
    >
      <ScrollTable label={text.title} fz="sm" verticalSpacing={8}>
        <Table.Thead>
          <Table.Tr>
            {Object.values(text.columns).map((column) => (
              <Table.Th key={column}>{column}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((record) => (
            <Said key={record.id} record={record} />
          ))}
        </Table.Tbody>
      </ScrollTable>
      <MoreRows rows={rows} shown={items.length} />
    </Card>
  );
}

function Said({ record }: { record: ConsentRecord }) {
  const { at, channel, value, address, sender, source, reason } = record;
  const known = value === "y" || value === "n" ? value : undefined;
  const to = [text.channels[channel] ?? channel, address, sender ? text.to(sender) : null];
  return (
    <Table.Tr style={{ verticalAlign: "top" }}>
      <Table.Td>
        <Moment at={at} />
      </Table.Td>
      <Table.Td>
        <Verdict grade={known ? GRADES[known] : "none"} word={text.values[known ?? "none"]} />
        <Text size="xs" c="dimmed">
          {to.filter(Boolean).join(" · ")}
        </Text>
      </Table.Td>
      <Table.Td>
        {text.sources[source] ?? source}
        {reason ? (
          <Text size="xs" c="dimmed">
            {reason}
          </Text>
        ) : null}
      </Table.Td>
      <Table.Td>
        <Group gap={0} style={{ overflowWrap: "anywhere" }}>
          <Facts facts={factsOf(record.evidence)} />
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

function factsOf(evidence: ConsentRecord["evidence"]) {
  return Object.entries(evidence).map(([name, value]) => ({
    label: text.names[name] ?? humanise(name),
    value: formatValue(value),
  }));
}
