import { Select } from "@mantine/core";
import type { ConnectionType } from "../api/types";
import { humanise } from "../shell/format";
import { prose } from "../shell/Prose";
import { strings } from "../strings";

type Props = {
  types: ConnectionType[];
  value: unknown;
  error?: string | undefined;
  onChange: (type: string) => void;
};

/** What kind of system is connected; one that nothing here acts on stays chosen. */
export function TypeSelect({ types, value, error, onChange }: Props) {
  const chosen = typeof value === "string" && value !== "" ? value : null;
  const known = types.find(({ type }) => type === chosen);
  const options = types.map(({ type, label }) => ({ value: type, label }));
  const foreign = chosen && !known ? [{ value: chosen, label: humanise(chosen) }] : [];
  return (
    <Select
      label={strings.systems.type}
      description={known && prose(known.description)}
      error={error}
      required
      searchable
      allowDeselect={false}
      nothingFoundMessage={strings.forms.nothingFound}
      data={[...options, ...foreign]}
      value={chosen}
      onChange={(type) => type && type !== chosen && onChange(type)}
    />
  );
}
