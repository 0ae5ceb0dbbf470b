// A switch; where leaving it out is a third answer, a choice of yes, no and none.
import { Select, Switch } from "@mantine/core";
import type { ReactNode } from "react";
import { strings } from "../strings";

type Props = {
  label: string;
  description: ReactNode;
  error: ReactNode;
  required: boolean;
  /** What holds where it is left out. */
  otherwise: boolean | undefined;
  value: unknown;
  onChange: (value: boolean | undefined) => void;
};

export function YesNoField({ required, otherwise, value, onChange, ...common }: Props) {
  const said = typeof value === "boolean" ? value : undefined;
  if (otherwise === undefined)
    return (
      <Select
        {...common}
        clearable
        data={[
          { value: "true", label: strings.values.yes },
          { value: "false", label: strings.values.no },
        ]}
        value={said === undefined ? null : String(said)}
        onChange={(chosen) => onChange(chosen === null ? undefined : chosen === "true")}
      />
    );
  return (
    <Switch
      {...common}
      checked={said ?? otherwise}
      onChange={({ currentTarget: { checked } }) =>
        onChange(checked === otherwise && !required ? undefined : checked)
      }
    />
  );
}
