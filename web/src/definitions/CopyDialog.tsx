// Another definition like this one, under a name of its own; a draft where its kind has drafts.
import { TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { loadDefinition, putDefinition } from "../api/queries";
import type { Kind } from "../api/types";
import { keyFrom } from "../forms/keys";
import { Dialog } from "../shell/Dialog";
import { strings } from "../strings";
import { addressOf } from "./address";

const text = strings.definitions.copy;

type Props = { kind: Kind; definition: string; name: string; onClose: () => void };

export function CopyDialog({ kind, definition, name: old, onClose }: Props) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState(strings.journey.duplicate.copyOf(old));
  const copy = useMutation({
    mutationFn: async () => {
      const { body } = await loadDefinition(kind.plural, definition);
      const { key: _, state: __, ...rest } = body;
      const key = keyFrom(name, kind.key_pattern);
      await putDefinition(kind.plural, key, { ...rest, name: name.trim() }, { ifNew: true });
      return key;
    },
    onSuccess: async (key) => {
      await cache.invalidateQueries({ queryKey: ["definitions", kind.plural] });
      onClose();
      await navigate({ to: addressOf(kind.plural, key) });
    },
  });
  return (
    <Dialog
      title={text.title(old)}
      error={copy.error}
      busy={copy.isPending}
      submit={text.button}
      onClose={onClose}
      onSubmit={() => copy.mutate()}
    >
      <TextInput
        label={strings.forms.name}
        required
        maxLength={100}
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
    </Dialog>
  );
}
