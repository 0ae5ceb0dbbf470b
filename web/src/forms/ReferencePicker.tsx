// Chooses one of the definitions of a kind, or makes a new one on the spot.
import { MultiSelect, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { definitionNamesQuery, kindsQuery } from "../api/queries";
import type { Kind } from "../api/types";
import { humanise } from "../shell/format";
import { strings } from "../strings";
import type { Only } from "./schema";

// The dialog holds a form, which holds pickers: loaded apart, so that neither needs the other to begin.
const CreateDialog = lazy(() =>
  import("./CreateDialog").then((module) => ({ default: module.CreateDialog })),
);

const CREATE = " create";
const ANY: Only = {};

export function useKind(kind: string): Kind | undefined {
  return useQuery(kindsQuery).data?.items.find((each) => each.kind === kind);
}

/** What may be chosen: keys with their names, or names where others refer to it by name. */
export function useDefinitions(kind: string, only: Only = ANY) {
  const known = useKind(kind);
  const { data, isPending } = useQuery({
    ...definitionNamesQuery(known?.plural ?? ""),
    enabled: known !== undefined,
  });
  const rows = (data?.items ?? [])
    .filter((row) => isMeant(row, only))
    .map((row) => ({
      value: known?.by_name ? row.name : row.key,
      label: row.name || row.key,
      state: row.state,
    }));
  const builtIn = (known?.built_in ?? []).map((name) => ({
    value: name,
    label: name,
    state: "live",
  }));
  return { kind: known, isPending, options: [...builtIn, ...rows] };
}

/** A kind whose list does not tell is not narrowed. */
function isMeant(row: object, only: Only): boolean {
  const told = row as { subject?: string | null; type?: string | null };
  const fits = (wanted: string | undefined, is: string | null | undefined) =>
    wanted === undefined || is === undefined || is === null || is === wanted;
  return fits(only.subject, told.subject) && fits(only.type, told.type);
}

type Props = {
  kind: string;
  /** Which definitions of the kind are offered; all when left out. */
  only?: Only;
  label: string;
  description?: string | undefined;
  error?: string | undefined;
  required?: boolean;
  disabled?: boolean;
  value: unknown;
  onChange: (value: string | undefined) => void;
  /** Whether a new one can be made from here. */
  create?: boolean;
};

export function ReferencePicker({ kind, only, value, onChange, create = true, ...common }: Props) {
  const { kind: known, options, isPending } = useDefinitions(kind, only);
  const [making, setMaking] = useState(false);
  const name = (known?.label ?? humanise(kind)).toLowerCase();
  const chosen = typeof value === "string" && value !== "" ? value : null;
  const missing = chosen !== null && !isPending && !options.some((each) => each.value === chosen);
  const data = [
    ...options.map(({ value, label }) => ({ value, label })),
    ...(missing ? [{ value: chosen, label: strings.forms.missing(chosen) }] : []),
    ...(create ? [{ value: CREATE, label: strings.forms.createNew(name) }] : []),
  ];
  return (
    <>
      <Select
        {...common}
        searchable
        clearable={!common.required}
        placeholder={strings.forms.choose(name)}
        nothingFoundMessage={strings.forms.nothingFound}
        maxDropdownHeight={280}
        data={data}
        value={chosen}
        onChange={(next) =>
          next === CREATE ? setMaking(true) : onChange(next === null ? undefined : next)
        }
      />
      {making && known ? (
        <Suspense>
          <CreateDialog
            kind={known}
            onClose={() => setMaking(false)}
            onMade={(row) => onChange(known.by_name ? row.name : row.key)}
          />
        </Suspense>
      ) : null}
    </>
  );
}

export function ReferencesPicker({
  kind,
  value,
  onChange,
  ...common
}: Omit<Props, "onChange" | "create"> & { onChange: (value: string[]) => void }) {
  const { kind: known, options } = useDefinitions(kind);
  const chosen = Array.isArray(value) ? value.map(String) : [];
  const unknown = chosen.filter((each) => !options.some((option) => option.value === each));
  return (
    <MultiSelect
      {...common}
      searchable
      placeholder={strings.forms.choose((known?.label ?? humanise(kind)).toLowerCase())}
      data={[
        ...options.map(({ value, label }) => ({ value, label })),
        ...unknown.map((each) => ({ value: each, label: each })),
      ]}
      value={chosen}
      onChange={onChange}
    />
  );
}
