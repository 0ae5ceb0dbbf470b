// One record written by hand, or taken away.
import { ScrollArea, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { putRecord, recordIsThere, removeRecord } from "../api/customers";
import type { ObjectRecord } from "../api/types";
import { ValueInput } from "../forms/inputs";
import { Dialog } from "../shell/Dialog";
import { humanise } from "../shell/format";
import { strings } from "../strings";
import type { RecordShape } from "./objects";

const text = strings.customers.records;

type Props = { shape: RecordShape; owner: string; onClose: () => void };

/** `record` left out: a new one. */
export function RecordDialog({
  shape,
  owner,
  record,
  onClose,
}: Props & { record: ObjectRecord | undefined }) {
  const [written, setWritten] = useState<Record<string, unknown>>({});
  const { [shape.primaryKey]: typedKey, ...changes } = written;
  const key = record?.key ?? (typedKey === undefined ? "" : String(typedKey).trim());
  const save = useRecordChange(shape, owner, onClose, async () => {
    if (record) return putRecord(shape.object, key, changes);
    // Writing over somebody else's record would take it from them.
    if (await recordIsThere(shape.object, key)) throw new Error(text.exists(key));
    return putRecord(shape.object, key, { ...changes, [`${shape.subject}_key`]: owner });
  });
  const fields = Object.entries(shape.fields).filter(
    ([name]) => record === undefined || name !== shape.primaryKey,
  );
  return (
    <Dialog
      title={record ? strings.records.editTitle(record.key) : text.addTitle(shape.title)}
      error={save.error}
      busy={save.isPending}
      ready={record === undefined || Object.keys(changes).length > 0}
      onClose={onClose}
      onSubmit={() => save.mutate()}
    >
      <ScrollArea.Autosize mah={420} type="auto">
        <Stack gap="sm" pr="sm">
          {fields.map(([name, type]) => (
            <ValueInput
              key={name}
              label={humanise(name)}
              required={name === shape.primaryKey}
              typed={{ type }}
              value={name in written ? written[name] : record?.fields[name]}
              // What was emptied is taken away.
              onChange={(value) =>
                setWritten((now) => ({ ...now, [name]: value === "" ? null : (value ?? null) }))
              }
            />
          ))}
        </Stack>
      </ScrollArea.Autosize>
    </Dialog>
  );
}

export function RemoveRecordDialog({
  shape,
  owner,
  record,
  onClose,
}: Props & { record: ObjectRecord }) {
  const remove = useRecordChange(shape, owner, onClose, () =>
    removeRecord(shape.object, record.key),
  );
  return (
    <Dialog
      title={strings.records.removeTitle(record.key)}
      error={remove.error}
      busy={remove.isPending}
      ready
      submit={strings.records.remove}
      onClose={onClose}
      onSubmit={() => remove.mutate()}
    >
      <Text c="dimmed">{text.removeText}</Text>
    </Dialog>
  );
}

function useRecordChange(
  { subject }: RecordShape,
  owner: string,
  onDone: () => void,
  change: () => Promise<unknown>,
) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async () => {
      notifications.show({ message: strings.records.saved });
      onDone();
      await cache.invalidateQueries({ queryKey: [subject, owner] });
    },
  });
}
