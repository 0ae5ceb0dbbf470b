// Begins a journey: its name, and whether accounts or people travel. Everything else is drawn on its map.
import { Alert, Button, Group, Modal, Radio, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { ApiError } from "../api/problem";
import { putDefinition } from "../api/queries";
import { errorsOf } from "../forms/errors";
import { Form } from "../forms/Form";
import { keyFrom } from "../forms/keys";
import { strings } from "../strings";
import { inAYear } from "./CreateJourney";

const text = strings.journeys.create;
const KEYS = "-";

export function CreateJourneyDialog({ onClose }: { onClose: () => void }) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [subject, setSubject] = useState("account");
  const create = useMutation({
    mutationFn: async () => {
      const key = keyFrom(name, KEYS);
      await putDefinition(
        "journeys",
        key,
        { name: name.trim(), subject, end: inAYear(), nodes: {} },
        { incomplete: true, ifNew: true },
      );
      return key;
    },
    onSuccess: async (key) => {
      await cache.invalidateQueries({ queryKey: ["journeys"] });
      await navigate({ to: "/journeys/$key", params: { key } });
    },
  });
  const findings = create.error instanceof ApiError ? create.error.findings : [];
  const errors = errorsOf(findings);
  const atName = errors.get("/name") ?? errors.get("/key");
  return (
    <Modal opened onClose={onClose} title={text.title}>
      <Form onSubmit={() => create.mutate()}>
        <Stack gap="md">
          <TextInput
            label={text.name}
            required
            maxLength={100}
            data-autofocus
            value={name}
            error={atName}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Radio.Group label={text.subject} value={subject} onChange={setSubject}>
            <Stack gap="xs" mt="xs">
              <Radio value="account" label={text.account} description={text.accountHint} />
              <Radio value="person" label={text.person} description={text.personHint} />
            </Stack>
          </Radio.Group>
          {create.error && !atName ? (
            <Alert color="red" variant="light" role="alert">
              {create.error.message}
            </Alert>
          ) : null}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {strings.forms.cancel}
            </Button>
            <Button type="submit" loading={create.isPending}>
              {strings.forms.create}
            </Button>
          </Group>
        </Stack>
      </Form>
    </Modal>
  );
}
