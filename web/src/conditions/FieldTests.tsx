// Constraints on the fields of an activity or a record: `{url: {contains: "pricing"}}`.
import { ActionIcon, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { X } from "lucide-react";
import { useState } from "react";
import { type Fields, isRecord } from "../editor/manifest";
import { humanise } from "../shell/format";
import { strings } from "../strings";
import { OperatorRows } from "./OperatorRow";
import { begun } from "./operators";

const text = strings.conditions;

/** A field of an activity, of a record, or of a service's answer. */
export type NamedField = { key: string; type: string; values?: readonly string[] };

type Props = {
  /** The fields that there are; without them any name may be typed. */
  fields?: readonly NamedField[] | undefined;
  value: unknown;
  onChange: (value: Fields | undefined) => void;
};

export function FieldTests({ fields, value, onChange }: Props) {
  const tests = isRecord(value) ? value : {};
  const free = fields?.filter((field) => !Object.hasOwn(tests, field.key)) ?? [];
  const fieldOf = (name: string) => fields?.find((field) => field.key === name);
  const put = (next: Fields) => onChange(Object.keys(next).length > 0 ? next : undefined);
  const add = (name: string) => put({ ...tests, [name]: begun(fieldOf(name)?.type) });
  return (
    <Stack gap="xs">
      {Object.entries(tests).map(([name, test]) => (
        <div key={name}>
          <Group justify="space-between" wrap="nowrap">
            <Text size="xs" fw={600}>
              {humanise(name)}
            </Text>
            <ActionIcon
              size="sm"
              variant="subtle"
              color="gray"
              aria-label={strings.forms.removeNamed(humanise(name))}
              onClick={() =>
                put(Object.fromEntries(Object.entries(tests).filter(([each]) => each !== name)))
              }
            >
              <X size={14} />
            </ActionIcon>
          </Group>
          <OperatorRows
            test={isRecord(test) ? test : { is: test }}
            typed={fieldOf(name)}
            onChange={(next) => put({ ...tests, [name]: next })}
          />
        </div>
      ))}
      {fields ? (
        free.length > 0 ? (
          <Select
            size="xs"
            aria-label={text.addConstraint}
            placeholder={text.addConstraint}
            data={free.map((field) => ({ value: field.key, label: humanise(field.key) }))}
            value={null}
            onChange={(name) => name && add(name)}
          />
        ) : null
      ) : (
        <NewField onAdd={add} />
      )}
    </Stack>
  );
}

function NewField({ onAdd }: { onAdd: (name: string) => void }) {
  const [name, setName] = useState("");
  return (
    <TextInput
      size="xs"
      aria-label={text.addConstraint}
      placeholder={text.addConstraint}
      value={name}
      onChange={(event) => setName(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || name.trim() === "") return;
        event.preventDefault();
        onAdd(name.trim());
        setName("");
      }}
    />
  );
}
