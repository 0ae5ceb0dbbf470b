// One test as a card: what it asks, how it compares, and with what.
import {
  ActionIcon,
  Group,
  NumberInput,
  Select,
  Stack,
  Switch,
  TagsInput,
  Text,
} from "@mantine/core";
import { ChevronDown, ChevronRight, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useShapes } from "../customers/objects";
import { type Fields, isRecord } from "../editor/manifest";
import { DurationInput } from "../forms/inputs";
import {
  ReferencePicker,
  ReferencesPicker,
  useDefinitions,
  useKind,
} from "../forms/ReferencePicker";
import { humanise } from "../shell/format";
import { strings } from "../strings";
import classes from "./conditions.module.css";
import { FieldTests } from "./FieldTests";
import { type ConditionProps, GroupEditor } from "./GroupEditor";
import { GroupFacts } from "./GroupFacts";
import { OperatorRows } from "./OperatorRow";
import { plainly, textsIn } from "./operators";
import { addTo } from "./paths";
import { TestAdder } from "./TestAdder";
import { testKey } from "./tests";
import { useNames } from "./useNames";
import { conditionWords, kindNamedBy } from "./words";

const text = strings.conditions;

type Props = ConditionProps & { test: Fields; onRemove: () => void };

export function TestEditor(props: Props) {
  const { test, path, onRemove } = props;
  const title = useTitle(props);
  const [folded, setFolded] = useState(false);
  const number = Number(path.at(-1)) + 1;
  return (
    <section className={classes.test} aria-label={title}>
      <Group gap={4} wrap="nowrap" mb={8}>
        <ActionIcon
          size="sm"
          variant="subtle"
          color="gray"
          aria-expanded={!folded}
          aria-label={text.fold(number, title)}
          onClick={() => setFolded(!folded)}
        >
          {folded ? <ChevronRight size={15} /> : <ChevronDown size={15} />}
        </ActionIcon>
        <Text fw={600} size="sm" flex={1}>
          <Text span inherit c="dimmed">
            {number}.
          </Text>{" "}
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
      {folded ? <Words test={test} /> : <Stack gap="xs">{bodyOf(props, test)}</Stack>}
    </section>
  );
}

function Words({ test }: { test: Fields }) {
  const names = useNames(test);
  return (
    <Text size="sm" style={{ overflowWrap: "anywhere" }}>
      {conditionWords(test, names)}
    </Text>
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
        <OperatorRows
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
          <OperatorRows test={test} typed={{ type: "number" }} onChange={onChange} />
        </>
      );
    case "in_account_list":
    case "in_people_list":
    case "in_external_audience":
    case "persona":
    case "derived_persona":
      return (
        <NamesField
          kind={kindNamedBy(key)}
          value={test[key]}
          onChange={(names) => onChange({ [key]: names })}
        />
      );
    case "role_in_account":
      return (
        <AccountRoles
          value={test.role_in_account}
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
      return <HasRecord {...props} set={set} />;
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

function HasPeople({ set, test, onChange, onRemove: _, ...shared }: Props & Set) {
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

/** People's tests inside an account's condition, with a picker of their own to add from. */
function PeopleCondition(props: Omit<ConditionProps, "subject">) {
  const { catalogue, condition, onChange, path } = props;
  return (
    <>
      <GroupEditor {...props} subject="person" path={[...path, "has_people"]} />
      <TestAdder catalogue={catalogue} onChoose={(test) => onChange(addTo(condition, [], test))} />
    </>
  );
}

/** A record of an object, with tests of its fields by their types. */
function HasRecord({ test, subject, onChange, set }: Props & Set) {
  const { shapes, known } = useShapes(subject);
  const key = typeof test.has === "string" ? test.has : "";
  const shape = shapes.find(({ object }) => object === key);
  const lost = known && key !== "" && !shape ? [key] : [];
  return (
    <>
      <Select
        label={text.object}
        required
        searchable
        allowDeselect={false}
        data={[
          ...shapes.map(({ object, title }) => ({ value: object, label: title })),
          ...lost.map((object) => ({ value: object, label: text.missingObject(object) })),
        ]}
        value={key === "" ? null : key}
        onChange={(object) => onChange({ ...test, has: object ?? "" })}
      />
      <FieldTests
        fields={shape && Object.entries(shape.fields).map(([key, type]) => ({ key, type }))}
        value={test.where}
        onChange={(where) => set("where", where)}
      />
    </>
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

/** One or several definitions of a kind, any of which will do. */
function NamesField({
  kind,
  value,
  onChange,
}: {
  kind: string;
  value: unknown;
  onChange: (names: string | string[]) => void;
}) {
  const known = useKind(kind);
  return (
    <ReferencesPicker
      kind={kind}
      label={known?.label ?? humanise(kind)}
      required
      create
      value={value}
      onChange={(names) => onChange(names.length === 0 ? "" : plainly(names))}
    />
  );
}

/** Roles in accounts come with the data as they are called there; those that there are definitions of are offered. */
function AccountRoles({
  value,
  onChange,
}: {
  value: unknown;
  onChange: (roles: string | string[]) => void;
}) {
  const { options } = useDefinitions("role");
  return (
    <TagsInput
      label={text.roles}
      placeholder={strings.forms.typeAndEnter}
      acceptValueOnBlur
      data={options.map(({ value }) => value)}
      value={textsIn(value)}
      onChange={(roles) => onChange(plainly(roles))}
    />
  );
}
