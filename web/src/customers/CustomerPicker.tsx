// Accounts or people, searched for among all of them: one, or several.
import { MultiSelect, type MultiSelectProps, Select, type SelectProps } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Subject } from "../api/customers";
import { accountsQuery, peopleQuery } from "../api/queries";
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
  const data =
    chosen && !found.some((each) => each.value === chosen.value) ? [chosen, ...found] : found;
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
      onSearchChange={(next) => setSearch(chosen && next === chosen.label ? "" : next)}
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

/** A name, and what tells two of the same name apart. */
const labelled = (value: string, name: string, beside: string | null | undefined): Option => ({
  value,
  label: beside && beside !== name ? `${name} · ${beside}` : name,
});
