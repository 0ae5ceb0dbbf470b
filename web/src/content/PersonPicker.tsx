// Whoever a message is looked at as: searched for among all people.
import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { peopleQuery } from "../api/queries";
import { personName } from "../people/columns";
import { rowsOf } from "../shell/DataTable";
import { strings } from "../strings";

const text = strings.content.viewer;

type Props = { value: string | undefined; onChange: (key: string | undefined) => void };

export function PersonPicker({ value, onChange }: Props) {
  const [search, setSearch] = useState("");
  const [wanted] = useDebouncedValue(search, 250);
  const rows = useInfiniteQuery({ ...peopleQuery(wanted), placeholderData: keepPreviousData });
  const [chosen, setChosen] = useState<{ value: string; label: string }>();
  const found = rowsOf(rows).map((row) => ({
    value: row.key,
    label:
      row.email && row.email !== personName(row)
        ? `${personName(row)} · ${row.email}`
        : personName(row),
  }));
  const data =
    chosen && !found.some((each) => each.value === chosen.value) ? [chosen, ...found] : found;
  return (
    <Select
      size="xs"
      w={260}
      aria-label={text.person}
      placeholder={text.nobody}
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
