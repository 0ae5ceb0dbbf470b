// Whether a destination can be reached: its connection's health, a test, and who hands something to it.
import { Button, Skeleton, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { PlugZap } from "lucide-react";
import { useMay } from "../admin/useMay";
import { destinationUsersQuery, tryDestination } from "../api/destinations";
import { systemQuery } from "../api/systems";
import { addressOf } from "../definitions/address";
import type { PanelProps } from "../definitions/editors";
import { UsedBy } from "../definitions/UsedBy";
import { Refusal } from "../journeys/Refusal";
import { Card } from "../shell/Card";
import { Facts } from "../shell/Facts";
import { LinkTo } from "../shell/LinkTo";
import { prose } from "../shell/Prose";
import { strings } from "../strings";
import { StandingWord } from "../systems/StandingWord";
import { standingOf } from "../systems/systems";
import { Occasion, TrialResult } from "../systems/Trial";

const text = strings.destinations;

export default function DestinationPanel({ definition, body, saved }: PanelProps) {
  const users = useQuery(destinationUsersQuery(definition)).data;
  return (
    <>
      <Reached destination={definition} connection={String(body.connection ?? "")} saved={saved} />
      {users ? (
        <UsedBy title={text.usedBy.title} users={users.items} none={text.usedBy.nobody} />
      ) : (
        <Skeleton height={80} />
      )}
    </>
  );
}

type Props = { destination: string; connection: string; saved: boolean };

function Reached({ destination, connection, saved }: Props) {
  const cache = useQueryClient();
  const mayTry = useMay()?.("channels:write") === true;
  const query = systemQuery("connections", connection);
  const { data: state } = useQuery({ ...query, enabled: connection !== "" });
  const attempt = useMutation({
    mutationFn: () => tryDestination(destination),
    onSettled: () => cache.invalidateQueries({ queryKey: query.queryKey }),
  });
  return (
    <Card
      title={text.test.title}
      aside={state ? <StandingWord standing={standingOf(state)} /> : null}
    >
      <Facts
        facts={[
          {
            label: text.connection,
            value: connection ? (
              <LinkTo to={addressOf("connections", connection)}>{connection}</LinkTo>
            ) : (
              strings.list.none
            ),
          },
          { label: strings.systems.lastSuccess, value: <Occasion at={state?.last_success_at} /> },
          { label: strings.systems.lastError, value: <Occasion at={state?.last_error?.at} /> },
        ]}
      />
      {state?.last_error ? (
        <Text size="sm" mt="xs" c={state.health === "failing" ? undefined : "dimmed"}>
          {prose(state.last_error.message)}
        </Text>
      ) : null}
      {mayTry ? (
        <Button
          size="xs"
          mt="md"
          variant="default"
          leftSection={<PlugZap size={14} aria-hidden />}
          disabled={!saved}
          loading={attempt.isPending}
          onClick={() => attempt.mutate()}
        >
          {text.test.button}
        </Button>
      ) : null}
      {mayTry && !saved ? (
        <Text size="xs" c="dimmed" mt={6}>
          {text.test.saveFirst}
        </Text>
      ) : null}
      <TrialResult tried={attempt.data} />
      {attempt.error ? <Refusal error={attempt.error} /> : null}
    </Card>
  );
}
