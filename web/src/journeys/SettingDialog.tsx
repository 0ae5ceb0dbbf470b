// One setting of a journey, changed without opening the map: through the open editor, so that both stay the same.
import { Button, Group, Modal, Skeleton, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { versionManifestQuery } from "../api/drafts";
import { ApiError } from "../api/problem";
import { loadDefinition, putDefinition } from "../api/queries";
import type { Fields as Manifest } from "../editor/manifest";
import { useOpenDraft } from "../editor/openDraft";
import { errorsOf } from "../forms/errors";
import { strings } from "../strings";
import { Refusal } from "./Refusal";

type Field = {
  value: unknown;
  errors: ReadonlyMap<string, string>;
  onChange: (value: Manifest | undefined) => void;
};

type Props = {
  journey: string;
  /** Its name in the manifest. */
  field: string;
  children: (field: Field) => ReactNode;
  onClose: () => void;
};

export type SettingProps = { journey: string; editing: boolean; onClose: () => void };

type DialogProps = Props &
  SettingProps & {
    title: string;
    /** What was published, in words. */
    told: (value: unknown) => ReactNode;
    /** Why it cannot be changed there. */
    fixed: string;
  };

/** Changed while the journey is a draft, told once it is published. */
export function SettingDialog({ title, editing, told, fixed, ...setting }: DialogProps) {
  return (
    <Modal opened onClose={setting.onClose} title={title}>
      {editing ? <Fields {...setting} /> : <Told {...setting} told={told} fixed={fixed} />}
    </Modal>
  );
}

type ToldProps = Pick<DialogProps, "journey" | "field" | "told" | "fixed" | "onClose">;

function Told({ journey, field, told, fixed, onClose }: ToldProps) {
  const { data, error } = useQuery(versionManifestQuery(journey, "live"));
  if (error) return <Refusal error={error} />;
  if (!data) return <Skeleton height={60} />;
  return (
    <Stack gap="md">
      {told(data[field])}
      <Text size="sm" c="dimmed">
        {fixed}
      </Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose} data-autofocus>
          {strings.journey.reentry.close}
        </Button>
      </Group>
    </Stack>
  );
}

/** Reads one field of the draft, and writes it back once it is saved. */
function Fields({ journey, field, children, onClose }: Props) {
  const cache = useQueryClient();
  const open = useOpenDraft();
  const [changed, setChanged] = useState<{ value: Manifest | undefined }>();
  const stored = useQuery({
    queryKey: ["journey", journey, "setting", field],
    queryFn: async () => {
      await open.current?.flush();
      return loadDefinition("journeys", journey);
    },
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const save = useMutation({
    mutationFn: async (value: Manifest | undefined) => {
      const draft = open.current;
      if (draft) {
        draft.change(withField(draft.get().manifest, field, value));
        return draft.flush();
      }
      const { body, revision } = await loadDefinition("journeys", journey);
      await putDefinition("journeys", journey, withField(body, field, value), {
        revision,
        incomplete: true,
      });
    },
    onSuccess: () => {
      onClose();
      return cache.invalidateQueries({ queryKey: ["journey", journey] });
    },
  });
  if (stored.error) return <Refusal error={stored.error} />;
  if (!stored.data) return <Skeleton height={120} />;
  const findings = save.error instanceof ApiError ? save.error.findings : [];
  return (
    <Stack gap="md">
      {children({
        value: changed ? changed.value : stored.data.body[field],
        errors: errorsOf(findings),
        onChange: (value) => setChanged({ value }),
      })}
      {save.error ? <Refusal error={save.error} /> : null}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          {strings.forms.cancel}
        </Button>
        <Button
          disabled={!changed}
          loading={save.isPending}
          onClick={() => save.mutate(changed?.value)}
        >
          {strings.forms.save}
        </Button>
      </Group>
    </Stack>
  );
}

/** What was left out is left out of the manifest as well. */
function withField<M extends Manifest>(manifest: M, field: string, value: Manifest | undefined): M {
  const { [field]: _, ...rest } = manifest;
  return (value === undefined ? rest : { ...rest, [field]: value }) as M;
}
