// Whether accounts may come back: set while the journey is a draft, told once it is published.
import { Button, Group, Modal, Skeleton, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { versionManifestQuery } from "../api/drafts";
import { ApiError } from "../api/problem";
import { loadDefinition, putDefinition } from "../api/queries";
import { type Fields, isRecord } from "../editor/manifest";
import { useOpenDraft } from "../editor/openDraft";
import { ReentryFields } from "../editor/ReentryFields";
import { errorsOf } from "../forms/errors";
import { durationWords } from "../shell/format";
import { strings } from "../strings";
import { Refusal } from "./Refusal";

const text = strings.journey.reentry;

type Props = { journey: string; editing: boolean; onClose: () => void };

export function ReentryDialog(props: Props) {
  return (
    <Modal opened onClose={props.onClose} title={text.title}>
      {props.editing ? <Editing {...props} /> : <Told {...props} />}
    </Modal>
  );
}

function Editing({ journey, onClose }: Props) {
  const cache = useQueryClient();
  const open = useOpenDraft();
  const [changed, setChanged] = useState<{ reentry: Fields | undefined }>();
  const stored = useQuery({
    queryKey: ["journey", journey, "reentry"],
    queryFn: async () => {
      await open.current?.flush();
      return loadDefinition("journeys", journey);
    },
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const save = useMutation({
    mutationFn: async (reentry: Fields | undefined) => {
      const draft = open.current;
      if (draft) {
        draft.change(withReentry(draft.get().manifest, reentry));
        return draft.flush();
      }
      const { body, revision } = await loadDefinition("journeys", journey);
      await putDefinition("journeys", journey, withReentry(body, reentry), {
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
  const reentry = changed ? changed.reentry : stored.data.body.reentry;
  return (
    <Stack gap="md">
      <ReentryFields
        value={reentry}
        errors={errorsOf(findings)}
        onChange={(next) => setChanged({ reentry: next })}
      />
      {save.error ? <Refusal error={save.error} /> : null}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          {strings.forms.cancel}
        </Button>
        <Button
          disabled={!changed}
          loading={save.isPending}
          onClick={() => save.mutate(changed?.reentry)}
        >
          {strings.forms.save}
        </Button>
      </Group>
    </Stack>
  );
}

/** What was left out is left out of the manifest as well. */
function withReentry<M extends Fields>(manifest: M, reentry: Fields | undefined): M {
  const { reentry: _, ...rest } = manifest;
  return (reentry === undefined ? rest : { ...rest, reentry }) as M;
}

function Told({ journey, onClose }: Props) {
  const { data, error } = useQuery(versionManifestQuery(journey, "live"));
  if (error) return <Refusal error={error} />;
  if (!data) return <Skeleton height={60} />;
  const reentry = isRecord(data.reentry) ? data.reentry : undefined;
  return (
    <Stack gap="md">
      <Text>{reentry ? sentenceOf(reentry) : text.once}</Text>
      <Text size="sm" c="dimmed">
        {text.fixed}
      </Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose} data-autofocus>
          {text.close}
        </Button>
      </Group>
    </Stack>
  );
}

function sentenceOf(reentry: Fields): string {
  const from = reentry.after === "start" ? "start" : "end";
  return text.again(
    durationWords(String(reentry.delay)),
    strings.editor.settings.afters[from],
    Number(reentry.limit),
  );
}
