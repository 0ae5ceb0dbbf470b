// Chooses one of the definitions of a kind, or makes a new one on the spot.
import { Anchor, MultiSelect, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { createContext, lazy, type ReactNode, Suspense, useContext, useState } from "react";
import { useMayWrite } from "../admin/useMay";
import { definitionNamesQuery, kindsQuery } from "../api/queries";
import { connectionTypesQuery } from "../api/systems";
import type { DefinitionRow, Kind } from "../api/types";
import { textsIn } from "../conditions/operators";
import { addressOf, fromJourney } from "../definitions/address";
import { humanise, inSentence } from "../shell/format";
import { LinkTo } from "../shell/LinkTo";
import { strings } from "../strings";
import type { Only } from "./schema";

// The dialog holds a form, which holds pickers: loaded apart, so that neither needs the other to begin.
const CreateDialog = lazy(() =>
  import("./CreateDialog").then((module) => ({ default: module.CreateDialog })),
);

const CREATE = " create";
const ANY: Only = {};

/** Whether only what is published may be named: in journeys, which cannot be published otherwise. */
export const LiveOnly = createContext(false);

/** Key of the journey in which is chosen: what is opened from there knows the journey's own values. */
export const FromJourney = createContext<string | undefined>(undefined);

export function useKind(kind: string): Kind | undefined {
  return useQuery(kindsQuery).data?.items.find((each) => each.kind === kind);
}

/** The types of definitions that may be named; none: all of them. */
function useTypes({ types, takes }: Only): readonly string[] | undefined {
  const { data } = useQuery({ ...connectionTypesQuery, enabled: takes !== undefined });
  if (types || !takes || !data) return types;
  return data.items.filter((each) => each.destination?.takes === takes).map(({ type }) => type);
}

export type Option = { value: string; label: string; state: string; fits: boolean };

/** All definitions of a kind: keys with their names, or names where others refer to it by name; which may be chosen. */
export function useDefinitions(kind: string, only: Only = ANY) {
  const known = useKind(kind);
  const types = useTypes(only);
  const { data, isPending } = useQuery({
    ...definitionNamesQuery(known?.plural ?? ""),
    enabled: known !== undefined,
  });
  const rows = (data?.items ?? []).map((row): Option => {
    const name = row.name || row.key;
    return {
      value: known?.by_name ? row.name : row.key,
      label:
        row.state === "draft" && known?.life_cycle !== "plain" ? strings.forms.draft(name) : name,
      state: row.state,
      fits: isMeant(row, only, types),
    };
  });
  const builtIn = (known?.built_in ?? []).map(
    (name): Option => ({ value: name, label: name, state: "live", fits: true }),
  );
  const all = [...builtIn, ...rows];
  return { kind: known, isPending, all, options: all.filter(({ fits }) => fits) };
}

/** A kind whose list does not tell is not narrowed. */
function isMeant(row: DefinitionRow, only: Only, types: readonly string[] | undefined): boolean {
  const published = only.live !== true || row.state !== "draft";
  const about = only.subject === undefined || !row.subject || row.subject === only.subject;
  const typed = types === undefined || !row.type || types.includes(row.type);
  return published && about && typed;
}

type Props = {
  kind: string;
  /** Which definitions of the kind are offered; all when left out. */
  only?: Only;
  label: string;
  description?: ReactNode;
  error?: string | undefined;
  required?: boolean;
  disabled?: boolean;
  value: unknown;
  onChange: (value: string | undefined) => void;
  /** Whether a new one can be made from here. */
  create?: boolean;
};

export function ReferencePicker({ kind, only, value, onChange, create = true, ...common }: Props) {
  const chosen = typeof value === "string" && value !== "" ? value : null;
  const { known, name, data, all } = useChoices(kind, only, textsIn(chosen), create);
  const there = all.find(({ value }) => value === chosen);
  const [making, setMaking] = useState(false);
  return (
    <>
      <Select
        {...common}
        searchable
        clearable={!common.required}
        allowDeselect={!common.required}
        placeholder={strings.forms.choose(name)}
        nothingFoundMessage={strings.forms.nothingFound}
        maxDropdownHeight={280}
        data={data}
        value={chosen}
        onChange={(next) =>
          next === CREATE ? setMaking(true) : onChange(next === null ? undefined : next)
        }
      />
      {known && there ? <OpenChosen kind={known} chosen={there.value} name={there.label} /> : null}
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

/** Leads from a node to what it names, in an address that remembers the journey. */
function OpenChosen({ kind, chosen, name }: { kind: Kind; chosen: string; name: string }) {
  const journey = useContext(FromJourney);
  if (journey === undefined || kind.by_name) return null;
  return (
    <Anchor
      component={LinkTo}
      to={fromJourney(addressOf(kind.plural, chosen), journey)}
      size="xs"
      mt={-8}
    >
      {strings.forms.open(name)}
    </Anchor>
  );
}

export function ReferencesPicker({
  kind,
  only,
  value,
  onChange,
  create = false,
  ...common
}: Omit<Props, "onChange"> & { onChange: (value: string[]) => void }) {
  const chosen = textsIn(value);
  const { known, name, data } = useChoices(kind, only, chosen, create);
  const [making, setMaking] = useState(false);
  return (
    <>
      <MultiSelect
        {...common}
        searchable
        placeholder={strings.forms.choose(name)}
        nothingFoundMessage={strings.forms.nothingFound}
        maxDropdownHeight={280}
        data={data}
        value={chosen}
        onChange={(next) => (next.includes(CREATE) ? setMaking(true) : onChange(next))}
      />
      {making && known ? (
        <Suspense>
          <CreateDialog
            kind={known}
            onClose={() => setMaking(false)}
            onMade={(row) => onChange([...chosen, known.by_name ? row.name : row.key])}
          />
        </Suspense>
      ) : null}
    </>
  );
}

/** What a picker offers: the definitions that fit, what was chosen before and does not, and to make a new one. */
function useChoices(kind: string, only: Only | undefined, chosen: string[], create: boolean) {
  const live = useContext(LiveOnly);
  const mayCreate = useMayWrite(kind).write;
  const { kind: known, all, options, isPending } = useDefinitions(kind, { ...only, live });
  const name = inSentence(known?.label ?? humanise(kind));
  const beside = chosen.filter((key) => !options.some(({ value }) => value === key));
  const labelOf = (key: string) => {
    const unfit = all.find(({ value }) => value === key)?.label;
    if (isPending) return key;
    return unfit ? strings.forms.unfit(unfit) : strings.forms.missing(key);
  };
  const data = [
    ...options.map(({ value, label }) => ({ value, label })),
    ...beside.map((value) => ({ value, label: labelOf(value) })),
    ...(create && mayCreate ? [{ value: CREATE, label: strings.forms.createNew(name) }] : []),
  ];
  return { known, name, data, all };
}
