// One test as a card: what it asks, how it compares, and with what.
import { ActionIcon, Group, NumberInput, Stack, Switch, TagsInput, Text } from "@mantine/core";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { type Fields, isRecord } from "../editor/manifest";
import { DurationInput } from "../forms/inputs";
import { ReferencePicker, useDefinitions } from "../forms/ReferencePicker";
import { humanise } from "../shell/format";
import { strings } from "../strings";
import classes from "./conditions.module.css";
import { FieldTests } from "./FieldTests";
import { type ConditionProps, GroupEditor } from "./GroupEditor";
import { GroupFacts } from "./GroupFacts";
import { OperatorRow } from "./OperatorRow";
import { TestAdder } from "./TestAdder";
import { testKey } from "./tests";

const text = strings.conditions;

type Props = ConditionProps & { test: Fields; onRemove: () => void };

export function TestEditor(props: Props) {
  const { test, onRemove } = props;
  const title = useTitle(props);
  return (
    <section className={classes.test} aria-label={title}>
      <Group justify="space-between" wrap="nowrap" mb={8}>
        <Text fw={600} size="sm">
          {title}
        </Text>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={text.removeTest(title)}
          onClick={onRemove}
        >
          <X size={15} />
        </ActionIcon>
      </Group>
      <Stack gap="xs">{bodyOf(props, test)}</Stack>
    </section>
  );
}

function useTitle({ test, catalogue }: Props): string {
  const key = testKey(test);
  if (key === "account" || key === "person") {
    const attribute = catalogue.attributes[key].find((each) => each.key === test[key]);
    return attribute?.label ?? humanise(String(test[key]));
  }
  if (key === "did" || key === "did_not") {
    const event = catalogue.events.find((each) => each.type === test[key]);
    return event?.label ?? humanise(String(test[key]));
  }
  return key ? text.tests[key] : text.unreadable;
}

function bodyOf(props: Props, test: Fields): ReactNode {
  const { catalogue, onChange } = props;
  const set = (name: string, value: unknown) => {
    const { [name]: _, ...rest } = test;
    onChange(value === undefined ? rest : { ...rest, [name]: value });
  };
  const key = testKey(test);
  switch (key) {
    case "account":
    case "person": {
      const attribute = catalogue.attributes[key].find((each) => each.key === test[key]);
      return (
        <OperatorRow
          test={test}
          typed={attribute ? { type: attribute.type, values: attribute.values } : undefined}
          onChange={onChange}
        />
      );
    }
    case "score":
      return (
        <>
          <ReferencePicker
            kind="score"
            label={text.tests.score}
            required
            value={test.score}
            onChange={(score) => onChange({ ...test, score: score ?? "" })}
          />
          <OperatorRow test={test} typed={{ type: "number" }} onChange={onChange} />
        </>
      );
    case "in_account_list":
    case "in_people_list":
    case "in_external_audience":
      return (
        <ListField
          kind={LISTS[key]}
          value={test[key]}
          onChange={(lists) => onChange({ [key]: lists })}
        />
      );
    case "role_in_account":
      return (
        <TagsInput
          label={text.roles}
          placeholder={strings.forms.typeAndEnter}
          value={texts(test.role_in_account)}
          onChange={(roles) => onChange({ role_in_account: roles })}
        />
      );
    case "buying_group":
    case "member_of_buying_group":
      return (
        <GroupFacts
          member={key === "member_of_buying_group"}
          value={isRecord(test[key]) ? (test[key] as Fields) : {}}
          onChange={(facts) => onChange({ [key]: facts })}
        />
      );
    case "has_people":
      return <HasPeople {...props} set={set} />;
    case "has":
      return (
        <>
          <ReferencePicker
            kind="custom_object"
            label={text.object}
            required
            value={test.has}
            onChange={(object) => onChange({ ...test, has: object ?? "" })}
          />
          <FieldTests value={test.where} onChange={(where) => set("where", where)} />
        </>
      );
    case "did":
    case "did_not":
      return <History {...props} set={set} negated={key === "did_not"} />;
    default:
      return (
        <Text size="sm" c="dimmed">
          {JSON.stringify(test)}
        </Text>
      );
  }
}

type Set = { set: (name: string, value: unknown) => void };

function HasPeople({ set, test, onChange, ...shared }: Props & Set) {
  return (
    <>
      <Group gap="xs" grow>
        <Count
          label={text.atLeastPeople}
          value={test.at_least}
          onChange={(n) => set("at_least", n)}
        />
        <Count label={text.atMostPeople} value={test.at_most} onChange={(n) => set("at_most", n)} />
      </Group>
      <Text size="xs" c="dimmed">
        {text.peopleWho}
      </Text>
      <PeopleCondition
        {...shared}
        condition={test.has_people}
        onChange={(who) => onChange({ ...test, has_people: who })}
      />
    </>
  );
}

/** People's tests inside an account's condition, with a tree of their own to add from. */
function PeopleCondition(props: ConditionProps) {
  return (
    <>
      <GroupEditor {...props} subject="person" />
      <PeopleTests {...props} />
    </>
  );
}

function PeopleTests({ catalogue, condition, onChange }: ConditionProps) {
  return (
    <TestAdder
      catalogue={catalogue}
      onChoose={(test) => {
        const group = isRecord(condition) ? condition : { all: [] };
        const kind = Array.isArray(group.any) ? "any" : "all";
        const parts = Array.isArray(group[kind]) ? (group[kind] as unknown[]) : [group];
        onChange({ [kind]: [...parts, test] });
      }}
    />
  );
}

function History({
  set,
  test,
  onChange,
  catalogue,
  inJourney,
  negated,
}: Props & Set & { negated: boolean }) {
  const type = String(test[negated ? "did_not" : "did"]);
  const event = catalogue.events.find((each) => each.type === type);
  const swap = () => {
    const { did: _, did_not: __, ...rest } = test;
    onChange({ [negated ? "did" : "did_not"]: type, ...rest });
  };
  return (
    <>
      <Switch size="xs" label={text.hasNot} checked={negated} onChange={swap} />
      <FieldTests
        fields={event?.fields}
        value={test.where}
        onChange={(where) => set("where", where)}
      />
      <Group gap="xs" align="flex-end" grow>
        <Count
          label={text.atLeastTimes}
          value={test.at_least}
          onChange={(n) => set("at_least", n)}
        />
        <DurationInput
          label={text.within}
          value={test.within}
          disabled={test.since !== undefined}
          onChange={(within) => set("within", within)}
        />
      </Group>
      {inJourney ? (
        <Switch
          size="xs"
          label={text.sinceEntry}
          checked={test.since === "entry"}
          onChange={(event) => {
            const { within: _, since: __, ...rest } = test;
            onChange(event.currentTarget.checked ? { ...rest, since: "entry" } : rest);
          }}
        />
      ) : null}
    </>
  );
}

export function Count({
  label,
  value,
  onChange,
}: {
  label: string;
  value: unknown;
  onChange: (n: number | undefined) => void;
}) {
  return (
    <NumberInput
      label={label}
      min={0}
      allowDecimal={false}
      value={typeof value === "number" ? value : ""}
      onChange={(n) => onChange(n === "" ? undefined : Number(n))}
    />
  );
}

const texts = (value: unknown): string[] =>
  Array.isArray(value)
    ? value.map(String)
    : typeof value === "string" && value !== ""
      ? [value]
      : [];

/** What the tests of membership name. */
const LISTS = {
  in_account_list: "account_list",
  in_people_list: "people_list",
  in_external_audience: "external_audience",
} as const;

/** One of several lists; a single one is written without the brackets. */
function ListField({
  kind,
  value,
  onChange,
}: {
  kind: string;
  value: unknown;
  onChange: (lists: string | string[]) => void;
}) {
  const { kind: known } = useDefinitions(kind);
  const label = known?.label ?? humanise(kind);
  if (Array.isArray(value) && value.length > 1) {
    return <TagsInput label={label} value={texts(value)} onChange={onChange} />;
  }
  return (
    <ReferencePicker
      kind={kind}
      label={label}
      required
      value={texts(value)[0]}
      onChange={(list) => onChange(list ?? "")}
    />
  );
}
