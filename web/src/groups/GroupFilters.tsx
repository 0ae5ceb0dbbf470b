// What narrows the list of buying groups: everything that the API can ask for.
import { Button, Group, NumberInput, Popover, Select, Stack, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { ListFilter } from "lucide-react";
import { useRef, useState } from "react";
import { useDefinitions } from "../forms/ReferencePicker";
import { strings } from "../strings";
import type { GroupSearch } from "./search";
import { useStageNames } from "./stageNames";

const text = strings.groups;

/** Everything that narrows the list beside its search; undefined: not by this. */
const NONE = {
  interest: undefined,
  stage: undefined,
  status: undefined,
  missing: undefined,
  present: undefined,
  above: undefined,
  below: undefined,
  engagedFrom: undefined,
  engagedTo: undefined,
} satisfies Partial<GroupSearch>;
type Filter = keyof typeof NONE;

export const countOf = (search: GroupSearch) =>
  (Object.keys(NONE) as Filter[]).filter((name) => search[name] !== undefined).length;

export function GroupFilters({ search }: { search: GroupSearch }) {
  const navigate = useNavigate({ from: "/groups" });
  const interests = useDefinitions("solution_interest").options;
  const roles = useDefinitions("role").options;
  const stages = useStageNames();
  const put = (part: Partial<GroupSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  // What is typed in several fields within a moment is one change.
  const typed = useRef<Partial<GroupSearch>>({});
  const putTyped = useDebouncedCallback(() => {
    put(typed.current);
    typed.current = {};
  }, 300);
  const putSoon = (part: Partial<GroupSearch>) => {
    typed.current = { ...typed.current, ...part };
    putTyped();
  };
  // Fields that are typed into begin anew once everything is cleared.
  const [cleared, setCleared] = useState(0);
  const clear = () => {
    typed.current = {};
    setCleared((times) => times + 1);
    put(NONE);
  };
  const count = countOf(search);
  const choice = (
    name: "interest" | "stage" | "missing" | "present",
    data: { value: string; label: string }[] | string[],
  ) => (
    <Select
      label={text.filter[name]}
      clearable
      searchable
      data={data}
      value={search[name] ?? null}
      onChange={(value) => put({ [name]: value ?? undefined })}
      comboboxProps={{ withinPortal: false }}
    />
  );
  const bound = (name: "above" | "below" | "engagedFrom" | "engagedTo", suffix: string) => (
    <NumberInput
      flex={1}
      label={text.filter[name]}
      suffix={suffix}
      min={0}
      max={100}
      defaultValue={search[name] ?? ""}
      onChange={(value) => putSoon({ [name]: value === "" ? undefined : Number(value) })}
    />
  );
  const named = roles.map(({ value, label }) => ({ value, label }));
  return (
    <Popover position="bottom-end" shadow="md" width={340} trapFocus withinPortal>
      <Popover.Target>
        <Button
          variant={count > 0 ? "light" : "default"}
          leftSection={<ListFilter size={15} aria-hidden />}
        >
          {count > 0 ? `${text.filters} · ${count}` : text.filters}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={text.filters}>
        <Stack gap="sm" key={cleared}>
          {choice(
            "interest",
            interests.map(({ value, label }) => ({ value, label })),
          )}
          {choice("stage", stages)}
          <TextInput
            label={text.filter.status}
            defaultValue={search.status ?? ""}
            onChange={(event) => putSoon({ status: event.currentTarget.value || undefined })}
          />
          {choice("missing", named)}
          {choice("present", named)}
          <Group gap="xs" wrap="nowrap" align="flex-end">
            {bound("above", " %")}
            {bound("below", " %")}
          </Group>
          <Group gap="xs" wrap="nowrap" align="flex-end">
            {bound("engagedFrom", "")}
            {bound("engagedTo", "")}
          </Group>
          <Button variant="subtle" color="gray" size="xs" onClick={clear}>
            {text.filter.clear}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
