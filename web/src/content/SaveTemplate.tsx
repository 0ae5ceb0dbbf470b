// An email as it is now becomes a template for others.
import { Anchor, Button, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { LayoutTemplate } from "lucide-react";
import { useState } from "react";
import { putDefinition } from "../api/queries";
import { addressOf } from "../definitions/address";
import type { Fields } from "../editor/manifest";
import { keyFrom } from "../forms/keys";
import { useKind } from "../forms/ReferencePicker";
import { Dialog } from "../shell/Dialog";
import { strings } from "../strings";
import { templateOf } from "./template";

const text = strings.design.saving;

type Props = { definition: string; body: Fields };

export function SaveTemplate({ definition, body }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<LayoutTemplate size={14} aria-hidden />}
        onClick={() => setOpen(true)}
      >
        {text.template}
      </Button>
      {open ? <Saving definition={definition} body={body} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function Saving({ definition, body, onClose }: Props & { onClose: () => void }) {
  const cache = useQueryClient();
  const kind = useKind("email_template");
  const [name, setName] = useState(String(body.name ?? definition));
  const save = useMutation({
    mutationFn: async () => {
      const key = keyFrom(name, kind?.key_pattern ?? "");
      const manifest = { ...templateOf(body), name: name.trim() };
      await putDefinition("email_templates", key, manifest, { ifNew: true });
      return key;
    },
    onSuccess: async (key) => {
      notifications.show({
        message: (
          <>
            {text.made(name.trim())}.{" "}
            <Anchor href={addressOf("email_templates", key)}>{text.openIt}</Anchor>
          </>
        ),
      });
      onClose();
      await cache.invalidateQueries({ queryKey: ["definitions", "email_templates"] });
    },
  });
  return (
    <Dialog
      title={text.templateTitle}
      error={save.error}
      busy={save.isPending}
      ready={name.trim() !== ""}
      submit={text.template}
      onClose={onClose}
      onSubmit={() => save.mutate()}
    >
      <Text size="sm" c="dimmed">
        {text.templateHint}
      </Text>
      <TextInput
        label={text.name}
        required
        maxLength={100}
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
    </Dialog>
  );
}
