// The signing keys of a sending domain: made here, shown for the DNS, and switched to once they stand there.
import { Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { domainKeysQuery, forgetDomainKey, makeDomainKey, signWith } from "../api/admin";
import type { DomainKey } from "../api/types";
import { Refusal } from "../journeys/Refusal";
import { Card } from "../shell/Card";
import { ErrorNotice } from "../shell/ErrorNotice";
import { formatInstant } from "../shell/format";
import { Verdict } from "../shell/Verdict";
import { strings } from "../strings";
import classes from "./admin.module.css";
import { RecordPart } from "./DnsPanel";
import { useMay } from "./useMay";

const text = strings.admin.signingKeys;

export function SigningKeys({ domain }: { domain: string }) {
  const cache = useQueryClient();
  const keys = domainKeysQuery(domain);
  const { data, error, refetch } = useQuery(keys);
  const may = useMay()?.("channels:write");
  const done = () =>
    Promise.all([
      cache.invalidateQueries({ queryKey: ["domain", domain] }),
      cache.invalidateQueries({ queryKey: ["definitions", "sending_domains"] }),
    ]);
  const make = useMutation({ mutationFn: () => makeDomainKey(domain), onSuccess: done });
  return (
    <Card
      title={text.title}
      aside={
        may ? (
          <Button
            size="xs"
            variant="default"
            leftSection={<KeyRound size={14} aria-hidden />}
            loading={make.isPending}
            onClick={() => make.mutate()}
          >
            {text.make}
          </Button>
        ) : undefined
      }
    >
      <Text size="sm" c="dimmed" mb="sm">
        {data?.items.length === 0 ? text.none : text.hint}
      </Text>
      {make.error ? <Refusal error={make.error} /> : null}
      {error ? <ErrorNotice error={error} onRetry={refetch} /> : null}
      {!data && !error ? <Skeleton height={80} /> : null}
      <Stack gap="md">
        {data?.items.map((key) => (
          <OneKey key={key.selector} domain={domain} of={key} may={may === true} onDone={done} />
        ))}
      </Stack>
    </Card>
  );
}

function stateOf(key: DomainKey): string {
  if (key.signs) return text.signs;
  return key.signed_until ? text.former : text.waits;
}

type OneKeyProps = { domain: string; of: DomainKey; may: boolean; onDone: () => Promise<unknown> };

function OneKey({ domain, of, may, onDone }: OneKeyProps) {
  const sign = useMutation({ mutationFn: () => signWith(domain, of.selector), onSuccess: onDone });
  const forget = useMutation({
    mutationFn: () => forgetDomainKey(domain, of.selector),
    onSuccess: onDone,
  });
  const busy = sign.isPending || forget.isPending;
  return (
    <section className={classes.record} aria-label={text.key(of.selector)}>
      <Group justify="space-between" gap="xs">
        <Text size="sm" fw={600}>
          {text.key(of.selector)}
        </Text>
        <Verdict grade={of.signs ? "good" : "none"} word={stateOf(of)} />
      </Group>
      {of.made_at ? (
        <Text size="xs" c="dimmed">
          {text.madeAt(formatInstant(of.made_at))}
        </Text>
      ) : null}
      <dl>
        <RecordPart label={strings.admin.dns.type} value="TXT" />
        <RecordPart label={strings.admin.dns.name} value={of.name} copied={text.key(of.selector)} />
        {of.value ? (
          <RecordPart
            label={strings.admin.dns.value}
            value={of.value}
            copied={text.key(of.selector)}
          />
        ) : null}
      </dl>
      {of.signed_until ? (
        <Text size="sm" c="dimmed" mt={6}>
          {of.needed_until
            ? text.needed(formatInstant(of.needed_until))
            : text.removable(formatInstant(of.signed_until))}
        </Text>
      ) : null}
      {of.problem ? (
        <Text size="sm" c="red" mt={6}>
          {of.problem}
        </Text>
      ) : null}
      {sign.error ? <Refusal error={sign.error} /> : null}
      {forget.error ? <Refusal error={forget.error} /> : null}
      {may && !of.signs ? (
        <Group gap="xs" mt="sm">
          <Button
            size="xs"
            loading={sign.isPending}
            disabled={busy || !of.value}
            onClick={() => sign.mutate()}
          >
            {text.sign}
          </Button>
          <Button
            size="xs"
            variant="default"
            loading={forget.isPending}
            disabled={busy || Boolean(of.needed_until)}
            onClick={() => forget.mutate()}
          >
            {text.forget}
          </Button>
        </Group>
      ) : null}
    </section>
  );
}
