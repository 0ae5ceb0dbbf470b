// How a connection, a service or a webhook is: its health, trying and pausing it, its secrets, who uses it.
import { Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMay } from "../admin/useMay";
import { kindsQuery } from "../api/queries";
import { systemQuery } from "../api/systems";
import type { SystemState } from "../api/types";
import { addressOf } from "../definitions/DefinitionList";
import type { PanelProps } from "../definitions/editors";
import { Card } from "../shell/Card";
import { ErrorNotice } from "../shell/ErrorNotice";
import { humanise } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { strings } from "../strings";
import { Health } from "./Health";
import { Secrets } from "./Secrets";
import { systemsOf } from "./systems";

const text = strings.systems;

export default function SystemPanel({ definition, body, saved }: PanelProps) {
  const systems = systemsOf(body.kind);
  const { data: state, error, refetch } = useQuery(systemQuery(systems, definition));
  const mayChange = useMay()?.("channels:write") === true;
  if (error && !state) return <ErrorNotice error={error} onRetry={refetch} />;
  if (!state) return <Skeleton height={220} />;
  return (
    <>
      <Health systems={systems} state={state} saved={saved} mayChange={mayChange} />
      <Secrets systems={systems} state={state} mayChange={mayChange} />
      <UsedBy state={state} />
    </>
  );
}

function UsedBy({ state }: { state: SystemState }) {
  const { data: kinds } = useQuery(kindsQuery);
  const address = ({ kind, key }: SystemState["used_by"][number]) => {
    const plural = kinds?.items.find((each) => each.kind === kind)?.plural;
    return kind === "journey" ? at("/journeys", key) : addressOf(plural ?? kind, key);
  };
  return (
    <Card title={text.usedBy}>
      {state.used_by.length === 0 ? <Text c="dimmed">{text.unused}</Text> : null}
      <Stack gap={4}>
        {state.used_by.map((each) => (
          <Text key={`${each.kind} ${each.key}`} size="sm">
            {humanise(each.kind)}: <LinkTo to={address(each)}>{each.key}</LinkTo>
          </Text>
        ))}
      </Stack>
    </Card>
  );
}
