// Another end date for a journey that runs, or will by itself.
import { Button, Group, Modal, Stack } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { body, client } from "../api/client";
import { mapQuery } from "../api/queries";
import { Form } from "../forms/Form";
import { InstantInput } from "../forms/inputs";
import { strings } from "../strings";
import { Refusal } from "./Refusal";

const text = strings.journey.moveEnd;

export function EndDialog({ journey, onClose }: { journey: string; onClose: () => void }) {
  const cache = useQueryClient();
  const { data: map } = useQuery(mapQuery(journey));
  const [chosen, setChosen] = useState<string>();
  const end = chosen ?? map?.end ?? undefined;
  const move = useMutation({
    mutationFn: (to: string) =>
      body(
        client.PUT("/api/v1/journeys/{key}/end", {
          params: { path: { key: journey } },
          body: { end: to },
        }),
      ),
    onSuccess: () => {
      notifications.show({ message: text.done });
      onClose();
      return cache.invalidateQueries({
        predicate: ({ queryKey }) => queryKey[0] === "journeys" || queryKey[1] === journey,
      });
    },
  });
  return (
    <Modal opened onClose={onClose} title={text.title}>
      <Form
        onSubmit={() => {
          if (end) move.mutate(end);
        }}
      >
        <Stack gap="md">
          <InstantInput
            label={text.end}
            description={strings.journey.publish.endHint}
            required
            value={end}
            onChange={setChosen}
          />
          {move.error ? <Refusal error={move.error} /> : null}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {strings.forms.cancel}
            </Button>
            <Button type="submit" loading={move.isPending} disabled={!chosen}>
              {text.move}
            </Button>
          </Group>
        </Stack>
      </Form>
    </Modal>
  );
}
