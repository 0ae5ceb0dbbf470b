// What must stand in the DNS for a sending domain, ready to copy.
import {
  ActionIcon,
  Alert,
  Box,
  Button,
  CopyButton,
  Skeleton,
  Stack,
  Text,
  Tooltip,
} from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Check, Copy } from "lucide-react";
import { checkDomain, domainCheckQuery, domainQuery } from "../api/admin";
import type { DomainCheck, RecordCheck } from "../api/types";
import type { PanelProps } from "../definitions/editors";
import { Refusal } from "../journeys/Refusal";
import { Card } from "../shell/Card";
import { ErrorNotice } from "../shell/ErrorNotice";
import { formatRelative } from "../shell/format";
import { prose } from "../shell/Prose";
import { type Grade, Verdict } from "../shell/Verdict";
import { strings } from "../strings";
import classes from "./admin.module.css";

const text = strings.admin.dns;

export default function DnsPanel({ definition, saved }: PanelProps) {
  const cache = useQueryClient();
  const { data, error, refetch } = useQuery(domainQuery(definition));
  const last = domainCheckQuery(definition);
  const { data: check } = useQuery(last);
  const look = useMutation({
    mutationFn: () => checkDomain(definition),
    onSuccess: (now) => cache.setQueryData(last.queryKey, now),
  });
  const found = ({ name, type }: { name: string; type: string }) =>
    check?.records.find((each) => each.name === name && each.type === type);
  return (
    <Card
      title={text.title}
      aside={
        <Button size="xs" variant="default" loading={look.isPending} onClick={() => look.mutate()}>
          {text.check}
        </Button>
      }
    >
      {look.error ? <Refusal error={look.error} /> : null}
      {check ? <Outcome check={check} /> : null}
      <Text size="sm" c="dimmed" mb="sm">
        {saved ? text.hint : text.unsaved}
      </Text>
      {error ? <ErrorNotice error={error} onRetry={refetch} /> : null}
      {!data && !error ? <Skeleton height={140} /> : null}
      <Stack gap="md">
        {data?.records.map((record) => (
          <section key={`${record.type} ${record.name} ${record.value}`} className={classes.record}>
            <Text size="sm" fw={600}>
              {record.purpose}
            </Text>
            <dl>
              <RecordPart label={text.type} value={record.type} />
              <RecordPart label={text.name} value={record.name} copied={nameOf(record)} />
              <RecordPart label={text.value} value={record.value} copied={nameOf(record)} />
            </dl>
            <Found check={found(record)} />
          </section>
        ))}
      </Stack>
    </Card>
  );
}

/** What a look-up came to, and what it saw beside the records that are asked for. */
function Outcome({ check }: { check: DomainCheck }) {
  const others = check.records.filter(({ state }) => state !== "good");
  return (
    <Alert
      color={check.well ? "green" : "yellow"}
      variant="light"
      mb="sm"
      role="status"
      title={check.well ? text.well : text.notWell(others.length)}
    >
      <Text size="xs" c="dimmed">
        {text.checked(formatRelative(check.checked_at, Date.now()))}
      </Text>
      {others.map((each) => (
        <Text key={`${each.type} ${each.name} ${each.purpose}`} size="sm" mt={4}>
          <b>{each.name}</b>: {prose(each.message)}
        </Text>
      ))}
    </Alert>
  );
}

const GRADES: Record<RecordCheck["state"], Grade> = {
  good: "good",
  note: "none",
  missing: "bad",
  wrong: "bad",
  unknown: "warning",
};

function Found({ check }: { check: RecordCheck | undefined }) {
  if (!check) return null;
  return (
    <Box mt={8}>
      <Verdict grade={GRADES[check.state]} word={text.states[check.state] ?? check.state} />
    </Box>
  );
}

/** What a record is called beside others: several may have one purpose, or one name. */
const nameOf = ({ purpose, type, name }: { purpose: string; type: string; name: string }) =>
  `${purpose} (${type} ${name})`;

type PartProps = {
  label: string;
  value: string;
  /** What the record is called; with a way to copy this part of it. */
  copied?: string;
};

/** One part of a record. */
export function RecordPart({ label, value, copied: record }: PartProps) {
  return (
    <>
      <dt>{label}</dt>
      <dd>
        <code>{value}</code>
        {record ? (
          <CopyButton value={value}>
            {({ copied, copy: keep }) => (
              <Tooltip label={copied ? text.copied : text.copy}>
                <ActionIcon
                  size="sm"
                  variant="subtle"
                  color="gray"
                  aria-label={text.copyPart(label, record)}
                  onClick={keep}
                >
                  {copied ? <Check size={14} /> : <Copy size={14} />}
                </ActionIcon>
              </Tooltip>
            )}
          </CopyButton>
        ) : null}
      </dd>
    </>
  );
}
