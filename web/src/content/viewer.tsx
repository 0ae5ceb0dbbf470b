// As whom a message is looked at, and with which journey's values.
import { Group, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Viewer } from "../api/content";
import { journeysQuery } from "../api/queries";
import { rowsOf } from "../shell/DataTable";
import { strings } from "../strings";
import { PersonPicker } from "./PersonPicker";

const text = strings.content.viewer;

type Props = { viewer: Viewer; onChange: (viewer: Viewer) => void };

export function ViewerPicker({ viewer, onChange }: Props) {
  const [search, setSearch] = useState("");
  const [wanted] = useDebouncedValue(search, 250);
  const found = useInfiniteQuery({ ...journeysQuery(wanted), placeholderData: keepPreviousData });
  const [chosen, setChosen] = useState<{ value: string; label: string }>();
  const data = rowsOf(found).map(({ key, name }) => ({ value: key, label: name || key }));
  if (chosen && !data.some(({ value }) => value === chosen.value)) data.unshift(chosen);
  return (
    <Group gap="xs">
      <PersonPicker value={viewer.person} onChange={(person) => onChange({ ...viewer, person })} />
      <Select
        size="xs"
        w={200}
        aria-label={text.journey}
        placeholder={text.noJourney}
        searchable
        clearable
        // The server searches; what it found is shown as it is.
        filter={({ options }) => options}
        nothingFoundMessage={strings.forms.nothingFound}
        data={data}
        value={viewer.journey ?? null}
        // The name of what was chosen stands there too, and is no search.
        onSearchChange={(next) => setSearch(data.some(({ label }) => label === next) ? "" : next)}
        onChange={(journey, option) => {
          setChosen(journey && option ? { value: journey, label: option.label } : undefined);
          onChange({ ...viewer, journey: journey ?? undefined });
        }}
      />
    </Group>
  );
}
