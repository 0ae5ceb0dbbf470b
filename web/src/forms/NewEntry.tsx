// Adds a name to a map: one of those that there are, or any.
import { Button, Group, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { catalogueQuery } from "../api/queries";
import { strings } from "../strings";

export function useActivityTypes(wanted: boolean) {
  const { data } = useQuery({ ...catalogueQuery, enabled: wanted });
  return wanted
    ? (data?.events ?? []).map(({ type, label }) => ({ value: type, label }))
    : undefined;
}

/** What can be written of accounts or people. */
export function useAttributes(subject: "account" | "person" | undefined) {
  const { data } = useQuery({ ...catalogueQuery, enabled: subject !== undefined });
  return subject
    ? (data?.attributes[subject] ?? [])
        .filter((each) => each.updatable)
        .map(({ key, label }) => ({ value: key, label }))
    : undefined;
}

export function NewEntry({
  among,
  label,
  onAdd,
}: {
  among: { value: string; label: string }[] | undefined;
  /** What is added, where it is one of those that there are. */
  label: string;
  onAdd: (key: string) => void;
}) {
  const [added, setAdded] = useState("");
  if (among)
    return (
      <Select
        searchable
        aria-label={label}
        placeholder={label}
        nothingFoundMessage={strings.forms.nothingFound}
        data={among}
        value={null}
        onChange={(key) => key && onAdd(key)}
      />
    );
  return (
    <Group gap="xs" align="flex-end" wrap="nowrap">
      <TextInput
        flex={1}
        label={strings.forms.newName}
        value={added}
        onChange={(event) => setAdded(event.currentTarget.value)}
      />
      <Button
        variant="default"
        disabled={added.trim() === ""}
        onClick={() => {
          onAdd(added.trim());
          setAdded("");
        }}
      >
        {strings.forms.add}
      </Button>
    </Group>
  );
}
