// A form made from a JSON Schema of the server: of an action's settings, or of a whole definition. Lists, maps and
// choices hold forms themselves; `fields.tsx` has the inputs that hold none.
import {
  ActionIcon,
  Button,
  Fieldset,
  Group,
  MultiSelect,
  NumberInput,
  SegmentedControl,
  Stack,
  TagsInput,
  Text,
} from "@mantine/core";
import { ArrowDown, ArrowUp, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { ConditionField } from "../conditions/ConditionField";
import { type Fields, isRecord, pointer } from "../editor/manifest";
import { humanise } from "../shell/format";
import { prose } from "../shell/Prose";
import { strings } from "../strings";
import { FixedField } from "./FixedField";
import {
  AnyField,
  AttributeField,
  ChoiceField,
  NumberOrName,
  StageField,
  TextField,
} from "./fields";
import { DurationInput, InstantInput } from "./inputs";
import { NewEntry, useActivityTypes, useAttributes } from "./NewEntry";
import { OfferedField } from "./OfferedField";
import { ReferencePicker, ReferencesPicker } from "./ReferencePicker";
import { SourceSwitch } from "./SourceSwitch";
import { blank, choiceWord, type Field, ofSource, sourcesOf } from "./schema";
import { YesNoField } from "./YesNoField";

/** What the server says of one place of the form. */
export type Errors = ReadonlyMap<string, string>;

type FormProps = {
  fields: [string, Field][];
  value: Fields;
  onChange: (value: Fields, field: string) => void;
  errors?: Errors;
  /** JSON pointer of `value` in what the errors are about. */
  at?: string;
  /** Whom conditions are about, where no field of the form says it. */
  subject?: "account" | "person";
  /** Names of fields that stay as they are. */
  fixed?: readonly string[];
  /** Why they do; the usual words when left out. */
  fixedHint?: string | undefined;
};

const NONE: Errors = new Map();

export function SchemaForm({
  fields,
  value,
  onChange,
  errors = NONE,
  at = "",
  subject,
  fixed = [],
  fixedHint,
}: FormProps) {
  const sources = sourcesOf(fields, value);
  const [picked, setPicked] = useState<string>();
  const source = sources.written ?? picked ?? sources.all[0];
  const asked = fields.filter(
    ([name, field]) =>
      (!field.insteadOf || value[name] !== undefined) && (!field.source || field.source === source),
  );
  const pick = (next: string) => {
    setPicked(next);
    const kept = ofSource(fields, value, next);
    if (Object.keys(kept).length < Object.keys(value).length) onChange(kept, "");
  };
  return (
    <Stack gap="sm">
      {sources.all.length > 1 && source ? (
        <SourceSwitch all={sources.all} chosen={source} onChoose={pick} />
      ) : null}
      {asked.map(([name, field]) =>
        fixed.includes(name) ? (
          <FixedField key={name} name={name} field={field} value={value[name]} hint={fixedHint} />
        ) : (
          <FieldInput
            key={name}
            name={name}
            field={field}
            whole={value}
            value={value[name]}
            onChange={(next) => onChange(withField(value, name, next), name)}
            errors={errors}
            at={at + pointer(name)}
            subject={subject}
          />
        ),
      )}
    </Stack>
  );
}

/** Fields that were emptied are left out. */
function withField(whole: Fields, name: string, value: unknown): Fields {
  if (value !== undefined) return { ...whole, [name]: value };
  const { [name]: _, ...rest } = whole;
  return rest;
}

type InputProps = {
  name: string;
  field: Field;
  whole: Fields;
  value: unknown;
  onChange: (value: unknown) => void;
  errors: Errors;
  at: string;
  subject: "account" | "person" | undefined;
};

export function FieldInput(props: InputProps) {
  const { name, field, whole, value, onChange, errors, at } = props;
  const common = {
    label: field.label ?? humanise(name),
    description: field.help && prose(field.help),
    error: errors.get(at),
    required: field.required,
    ...usually(field),
  };
  switch (field.input) {
    case "text":
      return <TextField {...common} max={field.max} value={value} onChange={onChange} />;
    case "number":
      return (
        <NumberInput
          {...common}
          min={field.min}
          max={field.max}
          allowDecimal={!field.integer}
          value={typeof value === "number" ? value : ""}
          onChange={(number) => onChange(number === "" ? undefined : Number(number))}
        />
      );
    case "boolean":
      return (
        <YesNoField {...common} otherwise={field.otherwise} value={value} onChange={onChange} />
      );
    case "choice":
      return <ChoiceField {...common} choices={field.choices} value={value} onChange={onChange} />;
    case "choices":
      return (
        <MultiSelect
          {...common}
          data={field.choices.map((choice) => ({
            value: choice.value,
            label: choiceWord(choice.value),
          }))}
          value={Array.isArray(value) ? value.map(String) : []}
          onChange={(chosen) => onChange(chosen)}
        />
      );
    case "reference":
      return (
        <ReferencePicker
          {...common}
          kind={field.kind}
          only={field.only}
          value={value}
          onChange={onChange}
        />
      );
    case "references":
      return (
        <ReferencesPicker
          {...common}
          kind={field.kind}
          only={field.only}
          value={value}
          onChange={(chosen) => onChange(chosen.length > 0 || field.required ? chosen : undefined)}
        />
      );
    case "attribute":
      return (
        <AttributeField
          {...common}
          subject={field.subject === "on" ? actedOn(whole) : field.subject}
          any={field.any}
          value={value}
          onChange={onChange}
        />
      );
    case "offered":
      return (
        <OfferedField
          {...common}
          what={field.what}
          within={field.within}
          whole={whole}
          value={value}
          onChange={onChange}
        />
      );
    case "stage":
      return (
        <StageField {...common} interest={whole[field.of]} value={value} onChange={onChange} />
      );
    case "duration":
      return <DurationInput {...common} units={field.units} value={value} onChange={onChange} />;
    case "instant":
      return <InstantInput {...common} value={value} onChange={onChange} />;
    case "condition":
      return (
        <ConditionField
          {...common}
          subject={props.subject ?? subjectOf(whole)}
          value={value}
          onChange={onChange}
        />
      );
    case "texts":
      return (
        <TagsInput
          {...common}
          placeholder={strings.forms.typeAndEnter}
          splitChars={[",", ";"]}
          value={Array.isArray(value) ? value.map(String) : []}
          onChange={(texts) => onChange(texts.length > 0 || field.required ? texts : undefined)}
        />
      );
    case "object":
      return <ObjectField {...props} field={field} />;
    case "one_of":
      return <OneOfField {...props} field={field} />;
    case "records":
      return <RecordsField {...props} field={field} />;
    case "map":
      return <MapField {...props} field={field} />;
    case "number_or_name":
      return <NumberOrName {...common} whole={whole} value={value} onChange={onChange} />;
    case "any":
      return <AnyField {...common} whole={whole} value={value} onChange={onChange} />;
  }
}

function usually({ input, usual }: Field): { placeholder?: string } {
  if (usual === undefined) return {};
  return { placeholder: strings.forms.usually(input === "choice" ? choiceWord(usual) : usual) };
}

/** Conditions are about whoever the definition says it is about, else about people. */
const subjectOf = (whole: Fields) =>
  whole.subject === "account" || whole.kind === "account_list" ? "account" : "person";

/** Whose attributes a form is about that says whom it is about. */
const actedOn = (whole: Fields) => (whole.on === "people" ? "person" : "account");

type Of<I extends Field["input"]> = InputProps & { field: Extract<Field, { input: I }> };

/** One that may be left out is begun on purpose: what it asks for must not seem to be missing. */
function ObjectField({ name, field, value, onChange, errors, at, subject }: Of<"object">) {
  const label = field.label ?? humanise(name);
  const optional = !field.required && field.fields.some(([, part]) => part.required);
  const help = field.help ? (
    <Text size="xs" c="dimmed" mb="sm">
      {prose(field.help)}
    </Text>
  ) : null;
  if (optional && !isRecord(value)) {
    return (
      <Fieldset legend={label}>
        {help}
        <AddButton onClick={() => onChange(blank(field.fields))} label={label} />
      </Fieldset>
    );
  }
  return (
    <Fieldset legend={label}>
      {help}
      <SchemaForm
        fields={field.fields}
        value={isRecord(value) ? value : {}}
        onChange={(next) => onChange(optional || Object.keys(next).length > 0 ? next : undefined)}
        errors={errors}
        at={at}
        subject={subject}
      />
      {optional ? (
        <Group justify="flex-end">
          <Tool label={strings.forms.removeNamed(label)} onClick={() => onChange(undefined)}>
            <Trash2 size={15} />
          </Tool>
        </Group>
      ) : null}
    </Fieldset>
  );
}

const AddButton = ({ label, onClick }: { label: string; onClick: () => void }) => (
  <Button
    size="xs"
    variant="default"
    leftSection={<Plus size={14} aria-hidden />}
    aria-label={strings.forms.addNamed(label)}
    onClick={onClick}
  >
    {strings.forms.add}
  </Button>
);

function OneOfField({ name, field, value, onChange, errors, at, subject, whole }: Of<"one_of">) {
  const current = isRecord(value) ? Object.keys(value)[0] : undefined;
  const [shown, setShown] = useState(current ?? field.choices[0]?.[0] ?? "");
  const key = current ?? shown;
  const choice = field.choices.find(([each]) => each === key);
  const label = field.label ?? humanise(name);
  return (
    <Fieldset legend={label}>
      <Stack gap="sm">
        {field.choices.length > 1 ? (
          <SegmentedControl
            aria-label={label}
            data={field.choices.map(([each]) => ({ value: each, label: humanise(each) }))}
            value={key}
            onChange={(next) => {
              setShown(next);
              onChange(undefined);
            }}
          />
        ) : null}
        {choice ? (
          <FieldInput
            name={choice[0]}
            field={choice[1]}
            whole={whole}
            value={isRecord(value) ? value[choice[0]] : undefined}
            onChange={(inner) => onChange(inner === undefined ? undefined : { [choice[0]]: inner })}
            errors={errors}
            at={at + pointer(choice[0])}
            subject={subject}
          />
        ) : null}
        {errors.get(at) ? (
          <Text size="xs" c="red">
            {errors.get(at)}
          </Text>
        ) : null}
      </Stack>
    </Fieldset>
  );
}

/** A list of objects whose order may matter: cards with arrows and a bin. */
function RecordsField({ name, field, value, onChange, errors, at, subject }: Of<"records">) {
  const rows = Array.isArray(value) ? value.filter(isRecord) : [];
  const label = field.label ?? humanise(name);
  const move = (from: number, by: number) => {
    const moved = [...rows];
    const [row] = moved.splice(from, 1);
    if (row) moved.splice(from + by, 0, row);
    onChange(moved);
  };
  return (
    <Fieldset legend={label}>
      <Stack gap="sm">
        {field.help ? (
          <Text size="xs" c="dimmed">
            {prose(field.help)}
          </Text>
        ) : null}
        {rows.map((row, n) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows have no names of their own
          <Fieldset key={n} legend={strings.forms.row(n + 1)} variant="filled">
            <SchemaForm
              fields={field.fields}
              value={row}
              onChange={(next) => onChange(rows.map((each, m) => (m === n ? next : each)))}
              errors={errors}
              at={`${at}/${n}`}
              subject={subject}
            />
            <Group gap={4} justify="flex-end" mt="xs">
              <Tool label={strings.forms.up} disabled={n === 0} onClick={() => move(n, -1)}>
                <ArrowUp size={15} />
              </Tool>
              <Tool
                label={strings.forms.down}
                disabled={n === rows.length - 1}
                onClick={() => move(n, 1)}
              >
                <ArrowDown size={15} />
              </Tool>
              <Tool
                label={strings.forms.remove}
                onClick={() => onChange(rows.filter((_, m) => m !== n))}
              >
                <Trash2 size={15} />
              </Tool>
            </Group>
          </Fieldset>
        ))}
        {errors.get(at) ? (
          <Text size="xs" c="red">
            {errors.get(at)}
          </Text>
        ) : null}
        <Group>
          <AddButton onClick={() => onChange([...rows, blank(field.fields)])} label={label} />
        </Group>
      </Stack>
    </Fieldset>
  );
}

function Tool({
  label,
  disabled,
  onClick,
  children,
}: {
  label: string;
  disabled?: boolean;
  onClick: () => void;
  children: React.ReactNode;
}) {
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      aria-label={label}
      disabled={disabled}
      onClick={onClick}
    >
      {children}
    </ActionIcon>
  );
}

/** Maps whose keys are types of activities. */
const OF_ACTIVITIES = new Set(["activities"]);

/** Names with a value each. */
function MapField({ name, field, value, onChange, errors, at, whole, subject }: Of<"map">) {
  const entries = Object.entries(isRecord(value) ? value : {});
  const activities = useActivityTypes(OF_ACTIVITIES.has(name));
  const attributes = useAttributes(field.keys === "attribute" ? actedOn(whole) : undefined);
  const among = activities ?? attributes;
  const titleOf = (key: string) => among?.find((each) => each.value === key)?.label ?? key;
  const label = field.label ?? humanise(name);
  const put = (key: string, inner: unknown) =>
    onChange({ ...(isRecord(value) ? value : {}), [key]: inner });
  return (
    <Fieldset legend={label}>
      <Stack gap="sm">
        {field.help ? (
          <Text size="xs" c="dimmed">
            {prose(field.help)}
          </Text>
        ) : null}
        {entries.map(([key, inner]) => (
          <Group key={key} gap="xs" align="flex-end" wrap="nowrap">
            <div style={{ flex: 1, minWidth: 0 }}>
              <FieldInput
                name={key}
                field={{
                  ...field.value,
                  label: titleOf(key),
                  help: among ? undefined : field.value.help,
                }}
                whole={whole}
                value={inner}
                onChange={(next) => put(key, next ?? "")}
                errors={errors}
                at={at + pointer(key)}
                subject={subject}
              />
            </div>
            <Tool
              label={strings.forms.removeNamed(titleOf(key))}
              onClick={() => onChange(Object.fromEntries(entries.filter(([each]) => each !== key)))}
            >
              <Trash2 size={15} />
            </Tool>
          </Group>
        ))}
        <NewEntry
          among={among?.filter((each) => !entries.some(([key]) => key === each.value))}
          label={attributes ? strings.forms.addAttribute : strings.forms.addActivity}
          onAdd={(key) => put(key, begunWith(field.value))}
        />
      </Stack>
    </Fieldset>
  );
}

/** What a new entry of a map begins with. */
function begunWith(field: Field): unknown {
  if (field.input === "object") return blank(field.fields);
  return field.input === "choice" ? (field.choices[0]?.value ?? "") : "";
}
