// The operator of a test and the value it compares with.
import { Group, MultiSelect, Select, TagsInput } from "@mantine/core";
import type { Fields } from "../editor/manifest";
import { DurationInput, type Typed, ValueInput } from "../forms/inputs";
import { strings } from "../strings";
import { type Operator, operatorOf, operatorsFor, takes, withOperator } from "./operators";

const text = strings.conditions;

type Props = { test: Fields; typed: Typed | undefined; onChange: (test: Fields) => void };

export function OperatorRow({ test, typed, onChange }: Props) {
  const known = operatorsFor(typed?.type);
  const current = operatorOf(test) ?? { operator: known[0] as Operator, value: undefined };
  const several = takes(current.operator, typed?.type) === "several";
  const offered = known.includes(current.operator) ? known : [current.operator, ...known];
  return (
    // Values that grow to several lines grow downwards, and go below where it is narrow.
    <Group gap="xs" align={several ? "flex-start" : "flex-end"}>
      <Select
        w={168}
        flex="none"
        aria-label={text.operator}
        allowDeselect={false}
        data={offered.map((operator) => ({ value: operator, label: text.operators[operator] }))}
        value={current.operator}
        onChange={(operator) =>
          operator && onChange(withOperator(test, operator as Operator, typed?.type))
        }
      />
      <div style={{ flex: "1 1 150px", minWidth: 0 }}>
        <Operand
          operator={current.operator}
          typed={typed}
          value={current.value}
          onChange={(value) => onChange({ ...test, [current.operator]: value })}
        />
      </div>
    </Group>
  );
}

type OperandProps = {
  operator: Operator;
  typed: Typed | undefined;
  value: unknown;
  onChange: (value: unknown) => void;
};

function Operand({ operator, typed, value, onChange }: OperandProps) {
  switch (takes(operator, typed?.type)) {
    case "nothing":
      return null;
    case "duration":
      return <DurationInput label="" value={value} onChange={onChange} />;
    case "several":
      return <Several typed={typed} value={value} onChange={onChange} />;
    case "range": {
      const [from, to] = Array.isArray(value) ? value : [null, null];
      return (
        <Group gap="xs" wrap="nowrap" grow>
          <One
            typed={typed}
            label={text.from}
            value={from}
            onChange={(next) => onChange([next ?? null, to])}
          />
          <One
            typed={typed}
            label={text.to}
            value={to}
            onChange={(next) => onChange([from, next ?? null])}
          />
        </Group>
      );
    }
    case "one":
      return (
        <One
          typed={typed}
          label={text.value}
          value={value}
          onChange={(next) => onChange(next ?? null)}
        />
      );
  }
}

function One({
  typed,
  label,
  value,
  onChange,
}: {
  typed: Typed | undefined;
  label: string;
  value: unknown;
  onChange: (value: unknown) => void;
}) {
  // A test of the day an instant falls on is written as that day.
  const of = typed?.type === "date_time" ? { type: "date" } : typed;
  return (
    <div role="presentation">
      <ValueInput label={label} typed={of} value={value} onChange={onChange} />
    </div>
  );
}

/** Any of several texts: a list of its own where the attribute takes only some. */
function Several({
  typed,
  value,
  onChange,
}: {
  typed: Typed | undefined;
  value: unknown;
  onChange: (value: unknown) => void;
}) {
  const values = Array.isArray(value)
    ? value.map(String)
    : value === undefined || value === null || value === ""
      ? []
      : [String(value)];
  const put = (next: string[]) => onChange(next.length === 1 ? next[0] : next);
  if (typed?.values && typed.values.length > 0) {
    return (
      <MultiSelect
        aria-label={text.value}
        placeholder={values.length === 0 ? text.anyOf : undefined}
        data={[...typed.values]}
        searchable
        value={values}
        onChange={put}
      />
    );
  }
  return (
    <TagsInput
      aria-label={text.value}
      placeholder={values.length === 0 ? text.anyOf : undefined}
      acceptValueOnBlur
      value={values}
      onChange={put}
    />
  );
}
