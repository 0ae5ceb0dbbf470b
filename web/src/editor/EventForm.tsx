// One event to listen for, or by which people enter: its type, constraints and how often.
import { Select, Stack, Text } from "@mantine/core";
import { FieldTests } from "../conditions/FieldTests";
import { Count } from "../conditions/TestEditor";
import { strings } from "../strings";
import { useEditor } from "./EditorScene";
import { type Fields, isRecord } from "./manifest";

const text = strings.editor.listen;

type Props = {
  value: Fields | undefined;
  about: "account" | "person";
  errors: ReadonlyMap<string, string>;
  /** JSON pointer of the event below the place that the errors are about. */
  under: string;
  onChange: (value: Fields) => void;
};

export function EventForm({ value, about, errors, under, onChange }: Props) {
  const { catalogue } = useEditor();
  const type = typeof value?.activity === "string" ? value.activity : "";
  const event = catalogue.events.find((each) => each.type === type);
  const offered = catalogue.events.filter(
    (each) => each.subject === about || each.subject === "either" || each.type === type,
  );
  const put = (field: string, next: unknown) => {
    const { [field]: _, ...rest } = value ?? {};
    onChange(next === undefined ? rest : { ...rest, [field]: next });
  };
  // Beside its own fields an activity has the date on which it happened.
  const fields = event ? [...event.fields, DATE] : undefined;
  return (
    <Stack gap="sm">
      <Select
        label={text.event}
        placeholder={text.choose}
        required
        searchable
        allowDeselect={false}
        nothingFoundMessage={strings.forms.nothingFound}
        error={errors.get(`${under}/activity`) ?? errors.get(under)}
        data={offered.map((each) => ({ value: each.type, label: each.label }))}
        value={type === "" ? null : type}
        onChange={(chosen) => chosen && onChange({ activity: chosen })}
      />
      {event ? (
        <>
          <Text size="xs" fw={600}>
            {text.constraints}
          </Text>
          <FieldTests
            fields={fields}
            value={isRecord(value?.where) ? value.where : undefined}
            onChange={(where) => put("where", where)}
          />
          <Count
            label={text.atLeast}
            value={value?.at_least}
            onChange={(n) => put("at_least", n && n > 1 ? n : undefined)}
          />
        </>
      ) : null}
    </Stack>
  );
}

const DATE = { key: "at", type: "date_time" as const };
