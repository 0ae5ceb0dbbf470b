// The buttons that change a journey's state; each says what will happen and asks first.
import { Alert, Button, Group, List, Modal, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { body, client } from "../api/client";
import { ApiError } from "../api/problem";
import { statusQuery } from "../api/queries";
import type { JourneyState } from "../api/types";
import { strings } from "../strings";
import { actionsIn, type LifeCycleAction } from "./states";

const text = strings.journey;

const VARIANT = {
  publish: "filled",
  resume: "filled",
  pause: "default",
  close: "default",
  abort: "light",
} as const;

type Props = { journey: string; state: JourneyState; paused: boolean };

export function LifeCycle({ journey, state, paused }: Props) {
  const [asked, setAsked] = useState<LifeCycleAction | null>(null);
  return (
    <>
      {actionsIn(state, paused).map((action) => (
        <Button
          key={action}
          variant={VARIANT[action]}
          color={action === "abort" ? "red" : undefined}
          onClick={() => setAsked(action)}
        >
          {text.actions[action]}
        </Button>
      ))}
      {asked ? <Confirm journey={journey} action={asked} onClose={() => setAsked(null)} /> : null}
    </>
  );
}

const POST = {
  publish: "/api/v1/journeys/{key}/publish",
  pause: "/api/v1/journeys/{key}/pause",
  resume: "/api/v1/journeys/{key}/resume",
  close: "/api/v1/journeys/{key}/close",
  abort: "/api/v1/journeys/{key}/abort",
} as const;

function Confirm({
  journey,
  action,
  onClose,
}: {
  journey: string;
  action: LifeCycleAction;
  onClose: () => void;
}) {
  const cache = useQueryClient();
  const change = useMutation({
    mutationFn: () => body(client.POST(POST[action], { params: { path: { key: journey } } })),
    onSuccess: (status) => {
      cache.setQueryData(statusQuery(journey).queryKey, status);
      notifications.show({ message: text.done[action] });
      onClose();
      return cache.invalidateQueries({
        predicate: ({ queryKey }) => queryKey[0] === "journeys" || queryKey[1] === journey,
      });
    },
  });
  return (
    <Modal opened onClose={onClose} title={text.confirm[action].title}>
      <Text c="dimmed">{text.confirm[action].text}</Text>
      {change.error ? <Refusal error={change.error} /> : null}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" onClick={onClose} data-autofocus>
          {text.actions.cancel}
        </Button>
        <Button
          color={action === "abort" ? "red" : undefined}
          loading={change.isPending}
          onClick={() => change.mutate()}
        >
          {text.actions[action]}
        </Button>
      </Group>
    </Modal>
  );
}

/** Why not, in the server's sentences, each with the node it is about. */
function Refusal({ error }: { error: Error }) {
  const findings = error instanceof ApiError ? error.findings : [];
  return (
    <Alert
      color="red"
      variant="light"
      mt="md"
      role="alert"
      title={findings.length > 0 ? text.findings(findings.length) : undefined}
    >
      {findings.length === 0 ? error.message : null}
      <List size="sm" spacing={4}>
        {findings.map((finding) => (
          <List.Item
            key={`${finding.code} ${finding.pointer ?? finding.node ?? ""} ${finding.message}`}
          >
            {finding.node ? <b>{finding.node}: </b> : null}
            {finding.message}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
