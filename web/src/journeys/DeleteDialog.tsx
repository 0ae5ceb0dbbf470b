import { Button, Group, Modal, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { deleteDefinition } from "../api/queries";
import { useOpenDraft } from "../editor/openDraft";
import { strings } from "../strings";
import { Refusal } from "./Refusal";

const text = strings.journey;

/** Takes a journey away for good. */
export function DeleteDialog({ journey, onClose }: { journey: string; onClose: () => void }) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const open = useOpenDraft();
  const remove = useMutation({
    mutationFn: async () => {
      await open.current?.flush();
      await deleteDefinition("journeys", journey);
    },
    onSuccess: async () => {
      await navigate({ to: "/journeys" });
      cache.removeQueries({ queryKey: ["journey", journey] });
      await cache.invalidateQueries({ queryKey: ["journeys"] });
    },
  });
  return (
    <Modal opened onClose={onClose} title={text.delete.title}>
      <Text c="dimmed">{text.delete.text}</Text>
      {remove.error ? <Refusal error={remove.error} /> : null}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" onClick={onClose} data-autofocus>
          {text.actions.cancel}
        </Button>
        <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
          {text.actions.delete}
        </Button>
      </Group>
    </Modal>
  );
}
