// Adds a test of people where the tree at the left is one of accounts.
import { Select } from "@mantine/core";
import type { Catalogue } from "../api/types";
import type { Fields } from "../editor/manifest";
import { strings } from "../strings";
import { treeOf } from "./tests";

const text = strings.conditions;

export function TestAdder({
  catalogue,
  onChoose,
}: {
  catalogue: Catalogue;
  onChoose: (test: Fields) => void;
}) {
  const folders = treeOf(catalogue, "person");
  const leaves = folders.flatMap((folder) => folder.leaves);
  return (
    <Select
      size="xs"
      searchable
      aria-label={text.addPeopleTest}
      placeholder={text.addPeopleTest}
      data={folders.map((folder) => ({
        group: folder.label,
        items: folder.leaves.map((leaf) => ({ value: leaf.id, label: leaf.label })),
      }))}
      value={null}
      onChange={(id) => {
        const leaf = leaves.find((each) => each.id === id);
        if (leaf) onChoose(leaf.make());
      }}
    />
  );
}
