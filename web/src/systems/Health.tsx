// Whether the other side answers, what it said last, and what can be done about it.
import { Alert, Button, Group, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Pause, Play, PlugZap } from "lucide-react";
import { type Systems, setPaused, systemQuery, trySystem } from "../api/systems";
import type { SystemState } from "../api/types";
import { Refusal } from "../journeys/Refusal";
import { Card } from "../shell/Card";
import { Facts } from "../shell/Facts";
import { formatNumber } from "../shell/format";
import { prose } from "../shell/Prose";
import { strings } from "../strings";
import { StandingWord } from "./StandingWord";
import { standingOf } from "./systems";
import { Occasion, TrialResult } from "./Trial";

const text = strings.systems;

type Props = { systems: Systems; state: SystemState; saved: boolean; mayChange: boolean };

export function Health({ systems, state, saved, mayChange }: Props) {
  const standing = standingOf(state);
  return (
    <Card title={text.health} aside={<StandingWord standing={standing} />}>
      <Facts
        facts={[
          { label: text.lastSuccess, value: <Occasion at={state.last_success_at} /> },
          { label: text.lastError, value: <Occasion at={state.last_error?.at} /> },
          { label: text.waiting, value: formatNumber(state.waiting) },
          ...(state.warm_up
            ? [
                {
                  label: text.warmUp,
                  value: text.warmUpToday(state.warm_up.handed, state.warm_up.most),
                },
              ]
            : []),
        ]}
      />
      {state.last_error ? (
        <Text size="sm" mt="xs" c={state.health === "failing" ? undefined : "dimmed"}>
          {prose(state.last_error.message)}
        </Text>
      ) : null}
      {state.warm_up?.full ? (
        <Text size="sm" mt="xs" c="dimmed">
          {text.warmUpFull} <Occasion at={state.warm_up.next_day_at} />
        </Text>
      ) : null}
      {standing === "switched_off" || standing === "paused" ? (
        <Alert color="yellow" variant="light" mt="sm">
          {standing === "paused" ? text.pausedText : text.switchedOffText}
        </Alert>
      ) : null}
      {mayChange ? <Remedies systems={systems} state={state} saved={saved} /> : null}
    </Card>
  );
}

function Remedies({ systems, state, saved }: Omit<Props, "mayChange">) {
  const cache = useQueryClient();
  const { queryKey } = systemQuery(systems, state.key);
  const attempt = useMutation({
    mutationFn: () => trySystem(systems, state.key),
    onSettled: () => cache.invalidateQueries({ queryKey }),
  });
  const pause = useMutation({
    mutationFn: (paused: boolean) => setPaused(systems, state.key, paused),
    onSuccess: (now) => cache.setQueryData(queryKey, now),
  });
  const stopped = state.paused || state.disabled_at != null;
  const refused = attempt.error ?? pause.error;
  return (
    <>
      <Group gap="xs" mt="md">
        <Button
          size="xs"
          variant="default"
          leftSection={<PlugZap size={14} aria-hidden />}
          disabled={!saved}
          loading={attempt.isPending}
          onClick={() => attempt.mutate()}
        >
          {systems === "webhooks" ? text.ping : text.test}
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={stopped ? <Play size={14} aria-hidden /> : <Pause size={14} aria-hidden />}
          loading={pause.isPending}
          onClick={() => pause.mutate(!stopped)}
        >
          {stopped ? text.resume : text.pause}
        </Button>
      </Group>
      {saved ? null : (
        <Text size="xs" c="dimmed" mt={6}>
          {text.saveFirst}
        </Text>
      )}
      <TrialResult tried={attempt.data} />
      {refused ? <Refusal error={refused} /> : null}
    </>
  );
}
