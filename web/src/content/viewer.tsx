// As whom a message is looked at, and with which journey's values.
import { Alert, Button, Code, Group, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { type RefObject, useState } from "react";
import { useMay } from "../admin/useMay";
import type { Viewer } from "../api/content";
import { journeysQuery } from "../api/queries";
import { useNamesOf } from "../definitions/NamedLink";
import type { Fields } from "../editor/manifest";
import { rowsOf } from "../shell/DataTable";
import { strings } from "../strings";
import { PersonPicker } from "./PersonPicker";

const text = strings.content.viewer;

type Props = {
  viewer: Viewer;
  onChange: (viewer: Viewer) => void;
  /** Where the journey is chosen. */
  picker?: RefObject<HTMLInputElement | null>;
};

/** Whoever opens a message from a journey looks at it with that journey's values. */
export function useViewer() {
  const { journey } = useSearch({ strict: false }) as { journey?: string };
  return useState<Viewer>(journey ? { journey } : {});
}

/** What a message names of its journey while none is chosen, and the way to choose one. */
export function JourneyNeeded({
  body,
  viewer,
  picker,
}: {
  body: Fields;
  viewer: Viewer;
  picker: RefObject<HTMLInputElement | null>;
}) {
  const own = ownValuesIn(body);
  if (viewer.journey !== undefined || own.length === 0) return null;
  return (
    <Alert color="blue" variant="light" title={text.needed(own.length)}>
      <Group gap={6}>
        {own.map((path) => (
          <Code key={path}>{`{{ ${path} }}`}</Code>
        ))}
        <Button size="compact-xs" variant="light" onClick={() => picker.current?.focus()}>
          {text.choose}
        </Button>
      </Group>
    </Alert>
  );
}

/** Every `my.NAME` between the braces of its texts. */
export const ownValuesIn = (body: Fields): string[] => [
  ...new Set(
    [...JSON.stringify(body).matchAll(/\{[{%]([^}]*)\}/g)].flatMap(
      ([, inside]) => inside?.match(/\bmy\.\w+/g) ?? [],
    ),
  ),
];

export function ViewerPicker({ viewer, onChange, picker }: Props) {
  const [search, setSearch] = useState("");
  const [wanted] = useDebouncedValue(search, 250);
  const mayLookAs = useMay()?.("customers:read") !== false;
  const found = useInfiniteQuery({ ...journeysQuery(wanted), placeholderData: keepPreviousData });
  const { journey } = viewer;
  const nameOf = useNamesOf("journeys", journey !== undefined);
  const data = rowsOf(found).map(({ key, name }) => ({ value: key, label: name || key }));
  if (journey && !data.some(({ value }) => value === journey))
    data.unshift({ value: journey, label: nameOf(journey) });
  return (
    <Group gap="xs">
      {mayLookAs ? (
        <PersonPicker
          value={viewer.person}
          onChange={(person) => onChange({ ...viewer, person })}
        />
      ) : null}
      <Select
        {...(picker ? { ref: picker } : {})}
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
        value={journey ?? null}
        // The name of what was chosen stands there too, and is no search.
        onSearchChange={(next) => setSearch(data.some(({ label }) => label === next) ? "" : next)}
        onChange={(next) => onChange({ ...viewer, journey: next ?? undefined })}
      />
    </Group>
  );
}
