// Inputs for the values that manifests hold and that no package brings: durations, instants, typed values.
import { Group, NumberInput, Select, TextInput, type TextInputProps } from "@mantine/core";
import type { ReactNode } from "react";
import { strings } from "../strings";
import { fromLocalInput, readDuration, toLocalInput, UNITS, type Unit } from "./durations";

type Common = {
  label: string;
  description?: ReactNode;
  error?: string | undefined;
  required?: boolean;
  disabled?: boolean;
  placeholder?: string;
  size?: "xs" | "sm";
};

export function DurationInput({
  value,
  onChange,
  units = UNITS,
  ...common
}: Common & {
  value: unknown;
  onChange: (value: string | undefined) => void;
  units?: readonly Unit[];
}) {
  const read = readDuration(value) ?? {
    amount: undefined,
    unit: units.includes("d") ? "d" : units[0],
  };
  const { label, disabled, size } = common;
  return (
    <Group gap={8} align="flex-end" wrap="nowrap">
      <NumberInput
        {...common}
        flex={1}
        miw={0}
        min={0}
        max={99_999}
        allowDecimal={false}
        allowNegative={false}
        value={read.amount ?? ""}
        onChange={(amount) => onChange(amount === "" ? undefined : `${amount}${read.unit}`)}
      />
      <Select
        w={116}
        {...(size ? { size } : {})}
        aria-label={strings.forms.unitOf(label)}
        allowDeselect={false}
        disabled={disabled}
        data={units.map((unit) => ({ value: unit, label: strings.forms.units[unit] }))}
        value={read.unit ?? "d"}
        onChange={(unit) => onChange(`${read.amount ?? 1}${unit}`)}
      />
    </Group>
  );
}

/** A date and time on the user's clock; stored in UTC. */
export function InstantInput({
  value,
  onChange,
  ...common
}: Common & { value: unknown; onChange: (value: string | undefined) => void }) {
  return (
    <TextInput
      {...common}
      type="datetime-local"
      value={toLocalInput(value)}
      onChange={(event) => onChange(fromLocalInput(event.currentTarget.value))}
    />
  );
}

export type Typed = { type: string; values?: readonly string[] | null | undefined };

/** A value of an attribute's type. */
export function ValueInput({
  typed,
  value,
  onChange,
  ...common
}: Common & { typed: Typed | undefined; value: unknown; onChange: (value: unknown) => void }) {
  const text: TextInputProps = { ...common };
  switch (typed?.type) {
    case "integer":
    case "number":
      return (
        <NumberInput
          {...common}
          allowDecimal={typed.type === "number"}
          value={typeof value === "number" ? value : ""}
          onChange={(number) => onChange(number === "" ? undefined : Number(number))}
        />
      );
    case "boolean":
      return (
        <Select
          {...common}
          data={[
            { value: "true", label: strings.values.yes },
            { value: "false", label: strings.values.no },
          ]}
          value={typeof value === "boolean" ? String(value) : null}
          onChange={(chosen) => onChange(chosen === null ? undefined : chosen === "true")}
        />
      );
    case "date":
      return (
        <TextInput
          {...text}
          type="date"
          value={typeof value === "string" ? value.slice(0, 10) : ""}
          onChange={(event) => onChange(event.currentTarget.value || undefined)}
        />
      );
    case "date_time":
      return <InstantInput {...common} value={value} onChange={onChange} />;
    default:
      if (typed?.values && typed.values.length > 0) {
        return (
          <Select
            {...common}
            searchable
            data={[...typed.values]}
            value={typeof value === "string" ? value : null}
            onChange={(chosen) => onChange(chosen ?? undefined)}
          />
        );
      }
      return (
        <TextInput
          {...text}
          value={value === undefined || value === null ? "" : String(value)}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}
