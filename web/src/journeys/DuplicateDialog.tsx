// A new draft like this journey, under a name of its own.
import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { body, client } from "../api/client";
import { mapQuery } from "../api/queries";
import { useOpenDraft } from "../editor/openDraft";
import { keyFrom } from "../forms/keys";
import { strings } from "../strings";
import { Refusal } from "./Refusal";

const text = strings.journey.duplicate;

export function DuplicateDialog({ journey, onClose }: { journey: string; onClose: () => void }) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const open = useOpenDraft();
  const { data: map } = useQuery(mapQuery(journey));
  const [name, setName] = useState(text.copyOf(map?.name ?? journey));
  const copy = useMutation({
    mutationFn: async () => {
      await open.current?.flush();
      const key = keyFrom(name, "-");
      await body(
        client.POST("/api/v1/journeys/{key}/duplicate", {
          params: { path: { key: journey } },
          body: { mode: "partial", key, name: name.trim() },
        }),
      );
      return key;
    },
    onSuccess: async (key) => {
      await cache.invalidateQueries({ queryKey: ["journeys"] });
      onClose();
      await navigate({ to: "/journeys/$key", params: { key } });
    },
  });
  return (
    <Modal opened onClose={onClose} title={text.title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          copy.mutate();
        }}
      >
        <Stack gap="md">
          <TextInput
            label={text.name}
            description={text.hint}
            required
            maxLength={100}
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          {copy.error ? <Refusal error={copy.error} /> : null}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {strings.forms.cancel}
            </Button>
            <Button type="submit" loading={copy.isPending} disabled={name.trim() === ""}>
              {strings.journey.actions.duplicate}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
