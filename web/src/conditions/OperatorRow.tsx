// What is asked of a value: one row for each operator, with what it compares with.
import { ActionIcon, Button, Group, MultiSelect, Select, TagsInput } from "@mantine/core";
import { Plus, X } from "lucide-react";
import type { Fields } from "../editor/manifest";
import { DurationInput, type Typed, ValueInput } from "../forms/inputs";
import { strings } from "../strings";
import {
  type Check,
  checksOf,
  type Operator,
  operatorsFor,
  plainly,
  shownAs,
  takes,
  textsIn,
  withAnother,
  withOperator,
  withoutOperator,
} from "./operators";

const text = strings.conditions;

type Props = { test: Fields; typed: Typed | undefined; onChange: (test: Fields) => void };

/** The operators of a test, all of which must hold; one is always shown. */
export function OperatorRows({ test, typed, onChange }: Props) {
  const found = checksOf(test);
  const [first] = operatorsFor(typed?.type);
  const checks = found.length > 0 || !first ? found : [{ operator: first, value: undefined }];
  const more = withAnother(test, typed?.type);
  return (
    <>
      {checks.map((check) => (
        <Group key={check.operator} gap={4} wrap="nowrap" align="flex-end">
          <div style={{ flex: 1, minWidth: 0 }}>
            <OperatorRow check={check} test={test} typed={typed} onChange={onChange} />
          </div>
          {checks.length > 1 ? (
            <ActionIcon
              mb={4}
              variant="subtle"
              color="gray"
              aria-label={text.removeCheck(text.operators[shownAs(check)])}
              onClick={() => onChange(withoutOperator(test, check.operator))}
            >
              <X size={14} />
            </ActionIcon>
          ) : null}
        </Group>
      ))}
      {more && found.length > 0 ? (
        <div>
          <Button
            size="compact-xs"
            variant="subtle"
            leftSection={<Plus size={13} aria-hidden />}
            onClick={() => onChange(more)}
          >
            {text.addCheck}
          </Button>
        </div>
      ) : null}
    </>
  );
}

function OperatorRow({ check, test, typed, onChange }: Props & { check: Check }) {
  const type = typed?.type;
  const shown = shownAs(check);
  const several = takes(check.operator, type) === "several";
  const free = operatorsFor(type).filter((each) => each === shown || !Object.hasOwn(test, each));
  const offered = free.includes(shown) ? free : [shown, ...free];
  return (
    // Values that grow to several lines grow downwards, and go below where it is narrow.
    <Group gap="xs" align={several ? "flex-start" : "flex-end"}>
      <Select
        w={168}
        flex="none"
        aria-label={text.operator}
        allowDeselect={false}
        data={offered.map((operator) => ({ value: operator, label: text.operators[operator] }))}
        value={shown}
        onChange={(next) => {
          if (!next || next === shown) return;
          const before = Object.hasOwn(test, check.operator) ? test : { ...test, [shown]: null };
          onChange(withOperator(before, check.operator, next as Operator, type));
        }}
      />
      <div style={{ flex: "1 1 150px", minWidth: 0 }}>
        <Operand
          operator={check.operator}
          typed={typed}
          value={check.value}
          onChange={(value) => onChange({ ...test, [check.operator]: value })}
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
  const whole = operator === "is" || operator === "is_not";
  const many = Array.isArray(value) && takes(operator, typed?.type) === "one";
  if (many) return <Several typed={typed} whole={whole} value={value} onChange={onChange} />;
  switch (takes(operator, typed?.type)) {
    case "nothing":
      return null;
    case "duration":
      return <DurationInput label={text.value} value={value} onChange={onChange} />;
    case "several":
      return <Several typed={typed} whole={whole} value={value} onChange={onChange} />;
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

/** Any of several values: of a list where whole values are meant and there is one, else typed, with the list beside. */
function Several({
  typed,
  whole,
  value,
  onChange,
}: {
  typed: Typed | undefined;
  whole: boolean;
  value: unknown;
  onChange: (value: unknown) => void;
}) {
  const values = textsIn(value);
  const known = [...new Set([...(typed?.values ?? []), ...values])];
  const number = typed?.type === "integer" || typed?.type === "number";
  const common = {
    "aria-label": text.value,
    ...(values.length === 0 ? { placeholder: text.anyOf } : {}),
    value: values,
  };
  if (whole && typed?.values && typed.values.length > 0) {
    return (
      <MultiSelect
        {...common}
        data={known}
        searchable
        onChange={(next) => onChange(plainly(next))}
      />
    );
  }
  return (
    <TagsInput
      {...common}
      data={[...(typed?.values ?? [])]}
      acceptValueOnBlur
      onChange={(next) => onChange(number ? numbersIn(next) : plainly(next))}
    />
  );
}

const numbersIn = (texts: string[]) => texts.map(Number).filter((number) => !Number.isNaN(number));
