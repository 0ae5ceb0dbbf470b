// As whom a message is looked at, and with which journey's values.
import { Group, Select } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import type { Viewer } from "../api/content";
import { journeysQuery } from "../api/queries";
import { rowsOf } from "../shell/DataTable";
import { strings } from "../strings";
import { PersonPicker } from "./PersonPicker";

const text = strings.content.viewer;

type Props = { viewer: Viewer; onChange: (viewer: Viewer) => void };

export function ViewerPicker({ viewer, onChange }: Props) {
  const journeys = rowsOf(useInfiniteQuery(journeysQuery("")));
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
        data={journeys.map(({ key, name }) => ({ value: key, label: name || key }))}
        value={viewer.journey ?? null}
        onChange={(journey) => onChange({ ...viewer, journey: journey ?? undefined })}
      />
    </Group>
  );
}
