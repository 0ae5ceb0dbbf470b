// Search and column chooser above a list. The search stands in the address, the columns in this browser.
import { ActionIcon, Checkbox, Popover, ScrollArea, Stack, Text, Tooltip } from "@mantine/core";
import { useDebouncedCallback, useLocalStorage } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Columns3, Download } from "lucide-react";
import { useState } from "react";
import type { ExportOf } from "../api/exports";
import { useExport } from "../exports/useExport";
import { strings } from "../strings";
import { csvOf, download, everyRow, MOST_AT_ONCE, MOST_EXPORTED } from "./csv";
import { type Column, MOST_OF_GROUP, type Rows, totalOf } from "./DataTable";
import { SearchInput } from "./SearchInput";
import { fieldsOf } from "./serverSort";

/** What is searched for, from the address. */
export function useSearchText(): string {
  const search = useSearch({ strict: false }) as { q?: string };
  return search.q ?? "";
}

export function SearchBox({ label }: { label: string }) {
  const navigate = useNavigate();
  const applied = useSearchText();
  const [text, setText] = useState(applied);
  const apply = useDebouncedCallback((q: string) => {
    navigate({
      to: ".",
      search: ((before: Record<string, unknown>) => ({ ...before, q: q || undefined })) as never,
      replace: true,
    });
  }, 250);
  const change = (q: string) => {
    setText(q);
    apply(q.trim());
  };
  return <SearchInput w={260} label={label} value={text} onChange={change} />;
}

/** What is kept of a choice: `id` of a column that is hidden, `+id` of an optional one that is shown. */
const marked = <T,>({ id, optional }: Column<T>) => (optional ? `+${id}` : id);

/** The columns to show, and what the chooser needs to change them. */
export function useColumns<T>(list: string, all: Column<T>[]) {
  const [marks, setMarks] = useLocalStorage<string[]>({
    key: `caravan.columns.${list}`,
    defaultValue: [],
    getInitialValueInEffect: false,
  });
  const isShown = (column: Column<T>) =>
    column.fixed === true || marks.includes(marked(column)) === (column.optional === true);
  const toggle = (column: Column<T>) => {
    const mark = marked(column);
    setMarks((now) => (now.includes(mark) ? now.filter((each) => each !== mark) : [...now, mark]));
  };
  return { shown: all.filter(isShown), chooser: { all, isShown, toggle } };
}

type Chooser<T> = {
  all: Column<T>[];
  isShown: (column: Column<T>) => boolean;
  toggle: (column: Column<T>) => void;
};

/** From so many columns on, the chooser is searched. */
const MANY = 12;

export function ColumnChooser<T>({ all, isShown, toggle }: Chooser<T>) {
  const [wanted, setWanted] = useState("");
  const found = all.filter(({ label }) => label.toLowerCase().includes(wanted.toLowerCase()));
  const groups = [...new Set(found.map(({ group }) => group))];
  const full = (column: Column<T>) =>
    column.group !== undefined &&
    !isShown(column) &&
    all.filter((each) => each.group === column.group && isShown(each)).length >= MOST_OF_GROUP;
  return (
    <Popover position="bottom-end" shadow="md" trapFocus onClose={() => setWanted("")}>
      <Popover.Target>
        <Tooltip label={strings.list.columns}>
          <ActionIcon variant="default" size={34} aria-label={strings.list.columns}>
            <Columns3 size={16} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown aria-label={strings.list.columns}>
        {all.length > MANY ? (
          <SearchInput
            size="xs"
            mb="xs"
            label={strings.list.searchColumns}
            value={wanted}
            onChange={setWanted}
          />
        ) : null}
        <ScrollArea.Autosize mah={340} type="auto" offsetScrollbars>
          <Stack gap="xs">
            {groups.map((group) => (
              <Stack key={group ?? ""} gap="xs">
                {group ? (
                  <Text size="xs" fw={600} c="dimmed" mt={4}>
                    {group}
                  </Text>
                ) : null}
                {found
                  .filter((column) => column.group === group)
                  .map((column) => (
                    <Checkbox
                      key={column.id}
                      size="xs"
                      label={column.label}
                      checked={isShown(column)}
                      disabled={column.fixed === true || full(column)}
                      onChange={() => toggle(column)}
                    />
                  ))}
              </Stack>
            ))}
            {found.some(full) ? (
              <Text size="xs" c="dimmed">
                {strings.list.mostColumns(MOST_OF_GROUP)}
              </Text>
            ) : null}
            {found.length === 0 ? <Text size="xs">{strings.forms.nothingFound}</Text> : null}
          </Stack>
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  );
}

/**
 * The whole list, as it is narrowed, as a CSV file with the columns that are shown: at once where it is short, else in the
 * background, where the server exports it.
 */
export function ExportButton<T>({
  name,
  rows,
  columns,
  exported,
}: {
  name: string;
  rows: Rows<T>;
  columns: Column<T>[];
  exported?: ExportOf | undefined;
}) {
  const ask = useExport();
  const long = rows.hasNextPage && (totalOf(rows) ?? MOST_AT_ONCE + 1) > MOST_AT_ONCE;
  const save = useMutation({
    mutationFn: async () => {
      const items = await everyRow(rows);
      download(`${name}.csv`, "text/csv;charset=utf-8", await csvOf(columns, items));
      if (items.length >= MOST_EXPORTED)
        notifications.show({ color: "yellow", message: strings.list.csvCut(MOST_EXPORTED) });
    },
    onError: (error) => notifications.show({ color: "red", message: error.message }),
  });
  if (!columns.some((column) => column.value)) return null;
  return (
    <Tooltip label={strings.list.csv}>
      <ActionIcon
        variant="default"
        size={34}
        aria-label={strings.list.csv}
        loading={save.isPending || ask.isPending}
        onClick={() =>
          exported && long
            ? ask.mutate({ of: exported, columns: fieldsOf(columns) })
            : save.mutate()
        }
      >
        <Download size={16} />
      </ActionIcon>
    </Tooltip>
  );
}
