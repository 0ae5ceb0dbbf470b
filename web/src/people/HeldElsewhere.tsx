// What other systems hold of a person, as the external audiences that they are in told them.
import { Group, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { heldOfQuery } from "../api/queries";
import type { Held } from "../api/types";
import { addressOf } from "../definitions/address";
import { reasonWord } from "../journeys/words";
import { Card } from "../shell/Card";
import { ErrorNotice } from "../shell/ErrorNotice";
import { Facts } from "../shell/Facts";
import { formatValue, humanise } from "../shell/format";
import { LinkTo } from "../shell/LinkTo";
import { Moment } from "../shell/Moment";
import { Verdict } from "../shell/Verdict";
import { strings } from "../strings";

const text = strings.people.elsewhere;
const GRADES = {
  there: "good",
  pending: "none",
  left_out: "none",
  failed: "bad",
  in_doubt: "bad",
} as const;

export function HeldElsewhere({ person }: { person: string }) {
  const { data, error, refetch } = useQuery(heldOfQuery(person));
  return (
    <Card title={text.title}>
      {error ? <ErrorNotice error={error} onRetry={refetch} /> : null}
      {data || error ? null : <Skeleton height={60} />}
      {data?.items.length === 0 ? <Text c="dimmed">{text.none}</Text> : null}
      <Stack gap="lg">
        {data?.items.map((held) => (
          <Place key={`${held.audience} ${held.destination}`} held={held} />
        ))}
      </Stack>
    </Card>
  );
}

function Place({ held }: { held: Held }) {
  const { audience, destination, state, reason, holds, may_hold, told_at } = held;
  const word = text.states[state];
  return (
    <section aria-label={text.of(held.audience_name, held.destination_name)}>
      <Group justify="space-between" mb={6}>
        <span>
          <LinkTo to={addressOf("external_audiences", audience)}>{held.audience_name}</LinkTo>
          <Text span size="sm" c="dimmed">
            {" · "}
            <LinkTo to={addressOf("destinations", destination)}>{held.destination_name}</LinkTo>
          </Text>
        </span>
        <Verdict grade={GRADES[state]} word={reason ? `${word}: ${reasonWord(reason)}` : word} />
      </Group>
      <Facts
        facts={[
          ...cellsOf(holds),
          ...(told_at ? [{ label: text.told, value: <Moment at={told_at} /> }] : []),
        ]}
      />
      {may_hold.length > 0 ? (
        <Text size="xs" c="dimmed" mt={6}>
          {text.mayHold(may_hold.map(formatValue).join("; "))}
        </Text>
      ) : null}
    </section>
  );
}

/** What stands there, cell by cell. */
function cellsOf(holds: unknown) {
  if (typeof holds !== "object" || holds === null) return [];
  return Object.entries(holds).map(([name, value]) => ({
    label: humanise(name),
    value: formatValue(value),
  }));
}
