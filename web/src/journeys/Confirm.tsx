// Asks before a journey's state changes.
import { Alert, Button, Group, Modal, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { body, client } from "../api/client";
import { feedersQuery, statusQuery } from "../api/queries";
import { strings } from "../strings";
import { Refusal } from "./Refusal";
import type { LifeCycleAction } from "./states";

const text = strings.journey;

const POST = {
  pause: "/api/v1/journeys/{key}/pause",
  resume: "/api/v1/journeys/{key}/resume",
  close: "/api/v1/journeys/{key}/close",
  abort: "/api/v1/journeys/{key}/abort",
} as const;

/** Asks before a journey's state changes; says who would send travellers in vain from then on. */
export function Confirm({
  journey,
  action,
  onClose,
}: {
  journey: string;
  action: LifeCycleAction;
  onClose: () => void;
}) {
  const cache = useQueryClient();
  const stops = action === "close" || action === "abort";
  const feeders = useQuery({ ...feedersQuery(journey), enabled: stops });
  const fed = stops ? (feeders.data?.items ?? []) : [];
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
      {fed.map(({ journey: from, nodes }) => (
        <Alert key={from} color="yellow" mt="md">
          {text.fed(from, nodes)} {text.fedInVain}
        </Alert>
      ))}
      {feeders.error ? <Refusal error={feeders.error} /> : null}
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
