// When a connection is looked at for import files, and which files it takes as what.
import {
  ActionIcon,
  Button,
  Fieldset,
  Group,
  Select,
  Stack,
  Textarea,
  TextInput,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { importScheduleQuery } from "../api/admin";
import {
  definitionNamesQuery,
  definitionQuery,
  loadDefinition,
  putDefinition,
} from "../api/queries";
import { DurationInput } from "../forms/inputs";
import { Dialog } from "../shell/Dialog";
import { strings } from "../strings";
import {
  type ArrivingFiles,
  isWhole,
  mapText,
  readMap,
  type Schedule,
  scheduleOf,
  withSchedule,
} from "./schedules";

const text = strings.imports.schedule;
const FIRST: ArrivingFiles = { name: "accounts-*.csv", kind: "accounts" };
const BEGUN: Schedule = { every: "1h", files: [FIRST] };

export type Choice = { value: string; label: string };
type Props = {
  /** The connections that may be chosen among. */
  connections: Choice[];
  /** What is written already, of a connection that is looked at. */
  begun?: Schedule | undefined;
  onClose: () => void;
};

export function ScheduleDialog({ connections, begun, onClose }: Props) {
  const cache = useQueryClient();
  const only = connections.length === 1 ? connections[0]?.value : undefined;
  const [connection, setConnection] = useState<string | null>(only ?? null);
  const [schedule, setSchedule] = useState(begun ?? BEGUN);
  const save = useMutation({
    mutationFn: async (key: string) => {
      const { body, revision } = await loadDefinition("connections", key);
      if (!begun && scheduleOf(body)) throw new Error(text.hasOne);
      return putDefinition("connections", key, withSchedule(body, schedule), { revision });
    },
    onSuccess: async (_, key) => {
      notifications.show({ message: strings.definitions.saved });
      onClose();
      await cache.invalidateQueries({ queryKey: definitionQuery("connections", key).queryKey });
      await cache.invalidateQueries({ queryKey: importScheduleQuery(key).queryKey });
    },
  });
  const put = (n: number, files: ArrivingFiles) =>
    setSchedule({ ...schedule, files: schedule.files.with(n, files) });
  return (
    <Dialog
      title={begun ? text.change : text.setUp}
      error={save.error}
      busy={save.isPending}
      ready={connection !== null && isWhole(schedule)}
      onClose={onClose}
      onSubmit={() => connection && save.mutate(connection)}
    >
      {begun ? null : (
        <Select
          label={text.connection}
          required
          allowDeselect={false}
          data-autofocus
          data={connections}
          value={connection}
          onChange={setConnection}
        />
      )}
      <DurationInput
        label={text.every}
        required
        units={["m", "h", "d"]}
        value={schedule.every}
        onChange={(every) => setSchedule({ ...schedule, every: every ?? "" })}
      />
      <Stack gap="sm">
        {schedule.files.map((files, n) => (
          <FilesFields
            // biome-ignore lint/suspicious/noArrayIndexKey: rows have nothing but their place
            key={n}
            number={n + 1}
            files={files}
            onChange={(next) => put(n, next)}
            onRemove={() =>
              setSchedule({ ...schedule, files: schedule.files.filter((_, at) => at !== n) })
            }
          />
        ))}
      </Stack>
      <Group>
        <Button
          size="xs"
          variant="default"
          leftSection={<Plus size={14} aria-hidden />}
          onClick={() =>
            setSchedule({ ...schedule, files: [...schedule.files, { name: "", kind: "people" }] })
          }
        >
          {text.addFiles}
        </Button>
      </Group>
    </Dialog>
  );
}

type FilesProps = {
  number: number;
  files: ArrivingFiles;
  onChange: (files: ArrivingFiles) => void;
  onRemove: () => void;
};

function FilesFields({ number, files, onChange, onRemove }: FilesProps) {
  const { data: objects } = useQuery(definitionNamesQuery("custom_objects"));
  const [map, setMap] = useState(mapText(files.map));
  const kinds = [
    ...Object.entries(strings.imports.kinds).map(([value, label]) => ({ value, label })),
    ...(objects?.items ?? []).map(({ key, name }) => ({ value: key, label: name || key })),
  ];
  const write = (written: string) => {
    setMap(written);
    const { map: _, ...rest } = files;
    const read = readMap(written);
    onChange(read ? { ...rest, map: read } : rest);
  };
  return (
    <Fieldset legend={text.files(number)}>
      <Group align="flex-end" wrap="nowrap" gap="xs">
        <TextInput
          flex={1}
          label={text.name}
          description={text.nameHint}
          required
          value={files.name}
          onChange={(event) => onChange({ ...files, name: event.currentTarget.value })}
        />
        <Select
          w={170}
          label={text.kind}
          required
          allowDeselect={false}
          data={kinds}
          value={files.kind}
          onChange={(kind) => kind && onChange({ ...files, kind })}
        />
        <ActionIcon
          variant="subtle"
          color="gray"
          size={36}
          aria-label={text.removeFiles(number)}
          onClick={onRemove}
        >
          <Trash2 size={16} />
        </ActionIcon>
      </Group>
      <Textarea
        mt="sm"
        label={text.map}
        description={text.mapHint}
        autosize
        minRows={2}
        maxRows={8}
        spellCheck={false}
        value={map}
        onChange={(event) => write(event.currentTarget.value)}
      />
    </Fieldset>
  );
}
