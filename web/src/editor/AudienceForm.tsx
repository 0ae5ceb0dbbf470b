// Who enters: a list or a saved filter; people also by what they do.
import { SegmentedControl, Stack, Text } from "@mantine/core";
import { ReferencePicker } from "../forms/ReferencePicker";
import { strings } from "../strings";
import { useEditor } from "./EditorScene";
import { Events } from "./ListenForm";
import { isRecord, type Subject, write } from "./manifest";
import type { NodeFormProps } from "./NodeEditor";

const text = strings.editor.audience;
const SOURCES: Record<Subject, string[]> = {
  account: ["account_list", "audience"],
  person: ["people_list", "audience", "events"],
};

export function AudienceForm({ manifest, errors }: NodeFormProps) {
  const { set } = useEditor();
  const sources = SOURCES[manifest.subject];
  const current = isRecord(manifest.audience) ? Object.keys(manifest.audience)[0] : undefined;
  const source = current ?? sources[0] ?? "";
  const value = isRecord(manifest.audience) ? manifest.audience[source] : undefined;
  const put = (kind: string, next: unknown) =>
    set((now) => write(now, "/audience", { [kind]: next }), "/audience");
  return (
    <Stack gap="md">
      <div>
        <SegmentedControl
          fullWidth
          aria-label={text.source}
          data={sources.map((each) => ({ value: each, label: text.kinds[each] ?? each }))}
          value={source}
          onChange={(next) => put(next, next === "events" ? [] : "")}
        />
        <Text size="xs" c="dimmed" mt={6}>
          {text.hint[source]}
        </Text>
      </div>
      {source === "events" ? (
        <Events
          value={Array.isArray(value) ? value.filter(isRecord) : []}
          errors={errors}
          under="/events"
          onChange={(events) => put("events", events)}
        />
      ) : (
        <ReferencePicker
          key={source}
          kind={source}
          only={{ subject: manifest.subject }}
          label={text.kinds[source] ?? source}
          required
          error={errors.get(`/${source}`) ?? errors.get("")}
          value={value}
          onChange={(key) => put(source, key ?? "")}
        />
      )}
    </Stack>
  );
}
