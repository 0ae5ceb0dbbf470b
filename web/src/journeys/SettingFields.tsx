// One setting of a journey, changed without opening the map: through the open editor, so that both stay the same.
import { Button, Group, Skeleton, Stack } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { ApiError } from "../api/problem";
import { loadDefinition, putDefinition } from "../api/queries";
import type { Fields } from "../editor/manifest";
import { useOpenDraft } from "../editor/openDraft";
import { errorsOf } from "../forms/errors";
import { strings } from "../strings";
import { Refusal } from "./Refusal";

type Field = {
  value: unknown;
  errors: ReadonlyMap<string, string>;
  onChange: (value: Fields | undefined) => void;
};

type Props = {
  journey: string;
  /** Its name in the manifest. */
  field: string;
  children: (field: Field) => ReactNode;
  onClose: () => void;
};

/** Reads one field of the draft, and writes it back once it is saved. */
export function SettingFields({ journey, field, children, onClose }: Props) {
  const cache = useQueryClient();
  const open = useOpenDraft();
  const [changed, setChanged] = useState<{ value: Fields | undefined }>();
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
    mutationFn: async (value: Fields | undefined) => {
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
function withField<M extends Fields>(manifest: M, field: string, value: Fields | undefined): M {
  const { [field]: _, ...rest } = manifest;
  return (value === undefined ? rest : { ...rest, [field]: value }) as M;
}
