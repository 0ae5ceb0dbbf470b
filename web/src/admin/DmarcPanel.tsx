// What receivers report of a domain's mail, by the address that it came from, and the next policy that follows.
import { Alert, Group, SegmentedControl, Skeleton, Stack, Table, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { dmarcQuery, uploadDmarcReport } from "../api/admin";
import type { DmarcFigures, DmarcSource } from "../api/types";
import { Refusal } from "../journeys/Refusal";
import { Card } from "../shell/Card";
import { ErrorNotice } from "../shell/ErrorNotice";
import { Facts } from "../shell/Facts";
import { formatDate, formatNumber, formatShare } from "../shell/format";
import { prose } from "../shell/Prose";
import { ScrollTable } from "../shell/ScrollTable";
import { UploadButton } from "../shell/UploadButton";
import { type Grade, Verdict } from "../shell/Verdict";
import { strings } from "../strings";
import { dmarc as text } from "../strings/dmarc";
import classes from "./admin.module.css";
import { RecordPart } from "./DnsPanel";
import { useMay } from "./useMay";

const SPANS = [7, 30, 90];

export default function DmarcPanel({ domain }: { domain: string }) {
  const cache = useQueryClient();
  const may = useMay()?.("channels:write");
  const [days, setDays] = useState(30);
  const { data, error, refetch } = useQuery(dmarcQuery(domain, days));
  const upload = useMutation({
    mutationFn: uploadDmarcReport,
    onSuccess: () => cache.invalidateQueries({ queryKey: ["domain", domain, "dmarc"] }),
  });
  return (
    <Card
      title={text.title}
      aside={
        may ? (
          <UploadButton
            accept=".xml,.gz,.zip"
            words={text.upload}
            label={text.file}
            busy={upload.isPending}
            onFile={upload.mutate}
          />
        ) : undefined
      }
    >
      <Stack gap="sm">
        {upload.error ? <Refusal error={upload.error} /> : null}
        {upload.data ? (
          <Text size="sm" role="status">
            {text.outcomes[upload.data.outcome]?.(upload.data.messages)}
          </Text>
        ) : null}
        <SegmentedControl
          size="xs"
          aria-label={text.span}
          value={String(days)}
          onChange={(value) => setDays(Number(value))}
          data={SPANS.map((n) => ({ value: String(n), label: text.days(n) }))}
        />
        {error ? <ErrorNotice error={error} onRetry={refetch} /> : null}
        {!data && !error ? <Skeleton height={120} /> : null}
        {data ? <Figures of={data} /> : null}
      </Stack>
    </Card>
  );
}

function Figures({ of }: { of: DmarcFigures }) {
  return (
    <>
      <NextStep of={of} />
      {of.reports === 0 ? (
        <Text size="sm" c="dimmed">
          {text.none}
        </Text>
      ) : (
        <>
          <Text size="sm" c="dimmed">
            {text.came(of.reports, of.reporters, formatDate(of.last_at))}
          </Text>
          <Facts facts={totals(of.total)} />
          <Sources of={of} />
        </>
      )}
    </>
  );
}

const totals = (total: DmarcFigures["total"]) => [
  { label: text.messages, value: formatNumber(total.messages) },
  { label: text.passRate, value: formatShare(total.passed, total.messages) },
  { label: text.dkim, value: formatShare(total.dkim_passed, total.messages) },
  { label: text.spf, value: formatShare(total.spf_passed, total.messages) },
  { label: text.stopped, value: formatNumber(total.quarantined + total.rejected) },
];

function NextStep({ of }: { of: DmarcFigures }) {
  const { next, policy } = of;
  return (
    <Alert
      variant="light"
      color={next.code === "done" ? "green" : next.code === "mend" ? "yellow" : "blue"}
      title={text.steps[next.code] ?? next.code}
    >
      <Text size="sm">{prose(next.message)}</Text>
      {policy ? (
        <Text size="xs" c="dimmed" mt={4}>
          {text.policy(policy.policy, policy.testing, policy.domain)}
        </Text>
      ) : null}
      {next.name && next.value ? (
        <section className={classes.record} aria-label={text.value}>
          <dl>
            <RecordPart label={strings.admin.dns.name} value={next.name} copied={next.name} />
            <RecordPart label={text.value} value={next.value} copied={next.name} />
            {next.test_value ? (
              <RecordPart label={text.test} value={next.test_value} copied={next.name} />
            ) : null}
          </dl>
        </section>
      ) : null}
    </Alert>
  );
}

const GRADES: Record<DmarcSource["verdict"], Grade> = {
  both: "good",
  dkim_alone: "good",
  spf_alone: "warning",
  some: "warning",
  neither: "bad",
};

function Sources({ of }: { of: DmarcFigures }) {
  return (
    <>
      <ScrollTable label={text.title} verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{text.source}</Table.Th>
            <Table.Th ta="right">{text.messages}</Table.Th>
            <Table.Th ta="right">{text.passRate}</Table.Th>
            <Table.Th ta="right">{text.shortDkim}</Table.Th>
            <Table.Th ta="right">{text.shortSpf}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {of.sources.map((source) => (
            <Source key={source.source} of={source} />
          ))}
        </Table.Tbody>
      </ScrollTable>
      {of.more_sources > 0 ? (
        <Text size="sm" c="dimmed">
          {text.more(of.more_sources)}
        </Text>
      ) : null}
    </>
  );
}

function Source({ of }: { of: DmarcSource }) {
  const seen = text.seen(of.from, of.dkim_seen, of.spf_seen);
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="xs">
          <Verdict grade={GRADES[of.verdict]} word={of.source} />
        </Group>
        <Text size="xs">{text.verdicts[of.verdict]}</Text>
        <Text size="xs" c="dimmed">
          {[seen.from, seen.dkim, seen.spf].filter(Boolean).join(" · ")}
        </Text>
      </Table.Td>
      <Table.Td ta="right">{formatNumber(of.messages)}</Table.Td>
      <Table.Td ta="right">{formatShare(of.passed, of.messages)}</Table.Td>
      <Table.Td ta="right">{formatShare(of.dkim_passed, of.messages)}</Table.Td>
      <Table.Td ta="right">{formatShare(of.spf_passed, of.messages)}</Table.Td>
    </Table.Tr>
  );
}
