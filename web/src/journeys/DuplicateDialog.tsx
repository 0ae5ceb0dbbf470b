// A new draft like this journey, under a name of its own.
import { Button, Group, Modal, Radio, Stack, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { body, client } from "../api/client";
import { mapQuery } from "../api/queries";
import { useOpenDraft } from "../editor/openDraft";
import { Form } from "../forms/Form";
import { keyFrom } from "../forms/keys";
import { strings } from "../strings";
import { Refusal } from "./Refusal";

const text = strings.journey.duplicate;

export function DuplicateDialog({ journey, onClose }: { journey: string; onClose: () => void }) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const open = useOpenDraft();
  const { data: map } = useQuery(mapQuery(journey));
  const [written, setName] = useState<string>();
  const name = written ?? text.copyOf(map?.name ?? journey);
  const [mode, setMode] = useState<"partial" | "structure">("partial");
  const copy = useMutation({
    mutationFn: async () => {
      await open.current?.flush();
      const key = keyFrom(name, "-");
      await body(
        client.POST("/api/v1/journeys/{key}/duplicate", {
          params: { path: { key: journey } },
          body: { mode, key, name: name.trim() },
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
      <Form onSubmit={() => copy.mutate()}>
        <Stack gap="md">
          <TextInput
            label={text.name}
            required
            maxLength={100}
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Radio.Group
            label={text.what}
            value={mode}
            onChange={(next) => setMode(next === "structure" ? next : "partial")}
          >
            <Stack gap="xs" mt={6}>
              {(["partial", "structure"] as const).map((each) => (
                <Radio
                  key={each}
                  value={each}
                  label={text.modes[each].label}
                  description={text.modes[each].hint}
                />
              ))}
            </Stack>
          </Radio.Group>
          {copy.error ? <Refusal error={copy.error} /> : null}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {strings.forms.cancel}
            </Button>
            <Button type="submit" loading={copy.isPending}>
              {strings.journey.actions.duplicate}
            </Button>
          </Group>
        </Stack>
      </Form>
    </Modal>
  );
}
