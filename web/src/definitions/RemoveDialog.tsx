// Takes definitions away; the server says which of them something still names.
import { Button, Group, List, Modal, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { deleteDefinition } from "../api/queries";
import type { Kind } from "../api/types";
import { Refusal } from "../journeys/Refusal";
import { strings } from "../strings";

const text = strings.definitions;

type Props = {
  kind: Kind;
  rows: { key: string; name: string }[];
  onClose: () => void;
  onGone?: () => void;
};

export function RemoveDialog({ kind, rows, onClose, onGone }: Props) {
  const cache = useQueryClient();
  const remove = useMutation({
    mutationFn: async () => {
      for (const { key } of rows) await deleteDefinition(kind.plural, key);
    },
    onSuccess: () => {
      onClose();
      onGone?.();
    },
    onSettled: () => cache.invalidateQueries({ queryKey: ["definitions", kind.plural] }),
  });
  return (
    <Modal opened onClose={onClose} title={text.removeTitle(rows.length)}>
      <List size="sm">
        {rows.map((row) => (
          <List.Item key={row.key}>{row.name || row.key}</List.Item>
        ))}
      </List>
      <Text c="dimmed" size="sm" mt="sm">
        {text.removeText}
      </Text>
      {remove.error ? <Refusal error={remove.error} /> : null}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" onClick={onClose} data-autofocus>
          {strings.forms.cancel}
        </Button>
        <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
          {text.remove}
        </Button>
      </Group>
    </Modal>
  );
}
