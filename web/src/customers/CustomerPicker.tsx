// Accounts or people, searched for among all of them: one, or several.
import { MultiSelect, type MultiSelectProps, Select, type SelectProps } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Subject } from "../api/customers";
import { accountQuery, accountsQuery, peopleQuery, personQuery } from "../api/queries";
import { personName } from "../people/columns";
import { rowsOf } from "../shell/DataTable";
import { strings } from "../strings";

type Option = { value: string; label: string };
type Props = Omit<SelectProps, "data" | "value" | "onChange" | "filter"> & {
  subject: Subject;
  /** A key that is not offered. */
  without?: string;
  value: string | undefined;
  onChange: (key: string | undefined) => void;
};

export function CustomerPicker({ subject, without, value, onChange, ...select }: Props) {
  const [search, setSearch] = useState("");
  const [wanted] = useDebouncedValue(search, 250);
  const [chosen, setChosen] = useState<Option>();
  const found = useFound(subject, wanted).filter((each) => each.value !== without);
  const isKnown = [chosen, ...found].some((each) => each?.value === value);
  const kept = useKept(subject, isKnown ? undefined : value);
  const current = chosen?.value === value ? chosen : kept;
  const data =
    current && !found.some((each) => each.value === current.value) ? [current, ...found] : found;
  return (
    <Select
      {...select}
      searchable
      clearable
      // The server searches; what it found is shown as it is.
      filter={({ options }) => options}
      nothingFoundMessage={strings.forms.nothingFound}
      data={data}
      value={value ?? null}
      // The name of what was chosen stands there too, and is no search.
      onSearchChange={(next) => setSearch(data.some(({ label }) => label === next) ? "" : next)}
      onChange={(key, option) => {
        setChosen(key && option ? { value: key, label: option.label } : undefined);
        onChange(key ?? undefined);
      }}
    />
  );
}

type SeveralProps = Omit<MultiSelectProps, "data" | "value" | "onChange" | "filter"> & {
  subject: Subject;
  value: string[];
  onChange: (keys: string[]) => void;
};

/** The same for as many as one likes. */
export function CustomersPicker({ subject, value, onChange, ...select }: SeveralProps) {
  const [search, setSearch] = useState("");
  const [wanted] = useDebouncedValue(search, 250);
  const [known, setKnown] = useState<Option[]>([]);
  const found = useFound(subject, wanted);
  const chosen = known.filter((each) => value.includes(each.value));
  const rest = found.filter((each) => !value.includes(each.value));
  return (
    <MultiSelect
      {...select}
      searchable
      clearable
      hidePickedOptions
      filter={({ options }) => options}
      nothingFoundMessage={strings.forms.nothingFound}
      data={[...chosen, ...rest]}
      value={value}
      searchValue={search}
      onSearchChange={setSearch}
      onChange={(keys) => {
        setKnown([...chosen, ...rest].filter((each) => keys.includes(each.value)));
        setSearch("");
        onChange(keys);
      }}
    />
  );
}

function useFound(subject: Subject, wanted: string): Option[] {
  const ofPeople = subject === "person";
  const found = { placeholderData: keepPreviousData };
  const people = useInfiniteQuery({ ...peopleQuery(wanted), ...found, enabled: ofPeople });
  const accounts = useInfiniteQuery({ ...accountsQuery(wanted), ...found, enabled: !ofPeople });
  return ofPeople
    ? rowsOf(people).map((row) => labelled(row.key, personName(row), row.email))
    : rowsOf(accounts).map((row) => labelled(row.key, row.name || row.key, row.key));
}

/** What was chosen before the picker was shown: by its name, and by its key while that is not known. */
function useKept(subject: Subject, key: string | undefined): Option | undefined {
  const ofPeople = subject === "person";
  const asked = key ?? "";
  const person = useQuery({ ...personQuery(asked), enabled: ofPeople && key !== undefined }).data;
  const account = useQuery({
    ...accountQuery(asked),
    enabled: !ofPeople && key !== undefined,
  }).data;
  if (key === undefined) return undefined;
  if (person && ofPeople) return labelled(key, personName(person), person.email);
  if (account && !ofPeople) return labelled(key, account.name || key, key);
  return { value: key, label: key };
}

/** A name, and what tells two of the same name apart. */
const labelled = (value: string, name: string, beside: string | null | undefined): Option => ({
  value,
  label: beside && beside !== name ? `${name} · ${beside}` : name,
});
