// The inputs of a form that hold no form themselves: texts, choices, attributes, stages, and values of any type.
import {
  Autocomplete,
  JsonInput,
  Select,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { catalogueQuery } from "../api/queries";
import { type Fields, isRecord } from "../editor/manifest";
import { prose } from "../shell/Prose";
import { strings } from "../strings";
import { ValueInput } from "./inputs";
import { type Choice, choiceWord } from "./schema";
import { useStages } from "./useStages";

type Common = {
  label: string;
  description: ReactNode;
  error: string | undefined;
  required: boolean;
  placeholder?: string;
};

const SHORT = 300;

export function TextField({
  max,
  value,
  onChange,
  ...common
}: Common & { max: number | undefined; value: unknown; onChange: (value: unknown) => void }) {
  const text = typeof value === "string" ? value : "";
  const change = (next: string) => onChange(next === "" && !common.required ? undefined : next);
  if (max === undefined || max >= SHORT) {
    return (
      <Textarea
        {...common}
        autosize
        minRows={1}
        maxRows={14}
        maxLength={max}
        value={text}
        onChange={(event) => change(event.currentTarget.value)}
      />
    );
  }
  return (
    <TextInput
      {...common}
      maxLength={max}
      value={text}
      onChange={(event) => change(event.currentTarget.value)}
    />
  );
}

export function ChoiceField({
  choices,
  value,
  onChange,
  ...common
}: Common & { choices: Choice[]; value: unknown; onChange: (value: unknown) => void }) {
  const helpOf = (word: unknown) => choices.find((choice) => choice.value === word)?.help;
  const help = helpOf(value);
  return (
    <Select
      {...common}
      description={help ? prose(help) : common.description}
      renderOption={({ option }) => <Offered label={option.label} help={helpOf(option.value)} />}
      clearable={!common.required}
      allowDeselect={!common.required}
      data={choices.map((choice) => ({ value: choice.value, label: choiceWord(choice.value) }))}
      value={typeof value === "string" ? value : null}
      onChange={(chosen) => onChange(chosen ?? undefined)}
    />
  );
}

/** A choice with what it means; it is named by its label alone, and once chosen the field tells what it means. */
function Offered({ label, help }: { label: string; help: string | undefined }) {
  return (
    <div>
      {label}
      {help ? (
        <Text size="xs" c="dimmed" aria-hidden>
          {prose(help)}
        </Text>
      ) : null}
    </div>
  );
}

export function AttributeField({
  subject,
  any,
  value,
  onChange,
  ...common
}: Common & {
  subject: "account" | "person";
  any: boolean;
  value: unknown;
  onChange: (value: unknown) => void;
}) {
  const { data } = useQuery(catalogueQuery);
  const attributes = data?.attributes[subject].filter((each) => any || each.updatable) ?? [];
  return (
    <Select
      {...common}
      searchable
      clearable={!common.required}
      allowDeselect={!common.required}
      nothingFoundMessage={strings.forms.nothingFound}
      data={attributes.map((each) => ({ value: each.key, label: each.label }))}
      value={typeof value === "string" && value !== "" ? value : null}
      onChange={(chosen) => onChange(chosen ?? undefined)}
    />
  );
}

/** The stages of the model that a solution interest follows. */
export function StageField({
  interest,
  value,
  onChange,
  ...common
}: Common & { interest: unknown; value: unknown; onChange: (value: unknown) => void }) {
  const key = typeof interest === "string" ? interest : "";
  const stages = useStages(key === "" ? [] : [key]);
  return (
    <Select
      {...common}
      searchable
      nothingFoundMessage={key ? strings.forms.noStages : strings.forms.interestFirst}
      data={stages}
      value={typeof value === "string" && value !== "" ? value : null}
      onChange={(chosen) => onChange(chosen ?? undefined)}
    />
  );
}

/** A number, or one of the names that the rows of the whole give to numbers. */
export function NumberOrName({
  whole,
  value,
  onChange,
  ...common
}: Common & { whole: Fields; value: unknown; onChange: (value: unknown) => void }) {
  const rows = Object.values(whole).flatMap((part) => (Array.isArray(part) ? part : []));
  const names = rows.flatMap((row) => (isRecord(row) && row.name ? [String(row.name)] : []));
  return (
    <Autocomplete
      {...common}
      data={[...new Set(names)]}
      value={value === undefined ? "" : String(value)}
      onChange={(text) => onChange(/^\d+$/.test(text) ? Number(text) : text)}
    />
  );
}

/** A value whose type an attribute beside it tells; without one, text, or JSON for what is no text. */
export function AnyField({
  whole,
  value,
  onChange,
  ...common
}: Common & { whole: Fields; value: unknown; onChange: (value: unknown) => void }) {
  const { data } = useQuery(catalogueQuery);
  const beside = typeof whole.attribute === "string" ? whole.attribute : undefined;
  const all = [...(data?.attributes.account ?? []), ...(data?.attributes.person ?? [])];
  const attribute = beside ? all.find((each) => each.key === beside) : undefined;
  const structured = typeof value === "object" && value !== null;
  if (structured) {
    return (
      <JsonInput
        {...common}
        autosize
        minRows={3}
        formatOnBlur
        defaultValue={JSON.stringify(value, null, 2)}
        onChange={(text) => {
          try {
            onChange(JSON.parse(text));
          } catch {
            // Kept as it was until it can be read.
          }
        }}
      />
    );
  }
  return (
    <Stack gap={6}>
      {value === null ? null : (
        <ValueInput {...common} typed={attribute} value={value} onChange={onChange} />
      )}
      {attribute && !attribute.required ? (
        <Switch
          size="xs"
          label={strings.forms.clearValue}
          checked={value === null}
          onChange={(event) => onChange(event.currentTarget.checked ? null : undefined)}
        />
      ) : null}
    </Stack>
  );
}
