// How the people of an external audience stand at its destinations, and who puts them into it.

import { Alert, Group, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { audienceUsersQuery, standingQuery } from "../api/destinations";
import type { DestinationStanding } from "../api/types";
import type { PanelProps } from "../definitions/editors";
import { NamedLink, useNamesOf } from "../definitions/NamedLink";
import { UsedBy } from "../definitions/UsedBy";
import { reasonWord } from "../journeys/words";
import { Card } from "../shell/Card";
import { ErrorNotice } from "../shell/ErrorNotice";
import { Facts } from "../shell/Facts";
import { formatNumber } from "../shell/format";
import { Moment } from "../shell/Moment";
import { Verdict } from "../shell/Verdict";
import { strings } from "../strings";
import classes from "./destinations.module.css";
import { gradeOf } from "./standing";

const text = strings.destinations.standing;

export default function StandingPanel({ definition, saved }: PanelProps) {
  const { data, error, refetch } = useQuery(standingQuery(definition));
  const users = useQuery(audienceUsersQuery(definition)).data;
  if (error && !data) return <ErrorNotice error={error} onRetry={refetch} />;
  if (!data) return <Skeleton height={160} />;
  const nobody = saved && !data.destinations.some(({ current }) => current);
  return (
    <>
      {nobody ? (
        <Alert
          color="yellow"
          variant="light"
          icon={<TriangleAlert size={18} />}
          title={text.nobody}
          role="status"
        >
          {text.nobodyHint}
        </Alert>
      ) : null}
      {data.destinations.length > 0 ? (
        <Card title={text.title}>
          <Stack gap="lg">
            {data.destinations.map((each) => (
              <Standing key={each.destination} standing={each} />
            ))}
          </Stack>
        </Card>
      ) : null}
      {users ? (
        <UsedBy
          title={strings.destinations.usedBy.title}
          users={users.items}
          none={strings.destinations.usedBy.noJourney}
        />
      ) : null}
    </>
  );
}

function Standing({ standing }: { standing: DestinationStanding }) {
  const { destination, current, there, pending, left_out, failed, in_doubt } = standing;
  const nameOf = useNamesOf("destinations");
  return (
    <section aria-label={nameOf(destination)}>
      <Group justify="space-between" mb={6}>
        <NamedLink plural="destinations" of={destination} className={classes.name} />
        <Text size="xs" c="dimmed">
          {text.changed}: {standing.changed_at ? <Moment at={standing.changed_at} /> : text.never}
        </Text>
      </Group>
      {current ? null : (
        <Text size="sm" c="dimmed" mb={6}>
          {text.former}
        </Text>
      )}
      <Facts
        facts={[
          {
            label: text.there,
            value: <Verdict grade={gradeOf(standing)} word={formatNumber(there)} />,
          },
          { label: text.pending, value: formatNumber(pending) },
          ...reasons(text.leftOut, left_out),
          ...reasons(text.failed, failed),
          ...(in_doubt > 0 ? [{ label: text.inDoubt, value: formatNumber(in_doubt) }] : []),
        ]}
      />
    </section>
  );
}

/** One line with how many for each reason; none without any. */
function reasons(label: string, counts: Record<string, number>) {
  const all = Object.entries(counts).filter(([, people]) => people > 0);
  if (all.length === 0) return [];
  const value = (
    <Stack gap={2}>
      {all.map(([reason, people]) => (
        <span key={reason}>
          {formatNumber(people)} · {reasonWord(reason)}
        </span>
      ))}
    </Stack>
  );
  return [{ label, value }];
}
