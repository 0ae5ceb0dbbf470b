// What must stand in the DNS for a sending domain, ready to copy.
import { ActionIcon, CopyButton, Skeleton, Stack, Text, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Check, Copy } from "lucide-react";
import { domainQuery } from "../api/admin";
import type { PanelProps } from "../definitions/editors";
import { Card } from "../shell/Card";
import { ErrorNotice } from "../shell/ErrorNotice";
import { strings } from "../strings";
import classes from "./admin.module.css";

const text = strings.admin.dns;

export default function DnsPanel({ definition, saved }: PanelProps) {
  const { data, error, refetch } = useQuery(domainQuery(definition));
  return (
    <Card title={text.title}>
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
              <Part label={text.type} value={record.type} />
              <Part label={text.name} value={record.name} copy />
              <Part label={text.value} value={record.value} copy />
            </dl>
          </section>
        ))}
      </Stack>
    </Card>
  );
}

function Part({ label, value, copy }: { label: string; value: string; copy?: boolean }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>
        <code>{value}</code>
        {copy ? (
          <CopyButton value={value}>
            {({ copied, copy: keep }) => (
              <Tooltip label={copied ? text.copied : text.copy}>
                <ActionIcon
                  size="sm"
                  variant="subtle"
                  color="gray"
                  aria-label={`${text.copy}: ${label}`}
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
