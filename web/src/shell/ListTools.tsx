// Search and column chooser above a list. The search stands in the address, the columns in this browser.
import {
  ActionIcon,
  Checkbox,
  CloseButton,
  Popover,
  Stack,
  TextInput,
  Tooltip,
} from "@mantine/core";
import { useDebouncedCallback, useLocalStorage } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Columns3, Download, Search } from "lucide-react";
import { useState } from "react";
import type { ExportOf } from "../api/exports";
import { useExport } from "../exports/useExport";
import { strings } from "../strings";
import { csvOf, download, everyRow, MOST_AT_ONCE } from "./csv";
import { type Column, type Rows, totalOf } from "./DataTable";
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
  return (
    <TextInput
      w={260}
      type="search"
      aria-label={label}
      placeholder={label}
      leftSection={<Search size={15} aria-hidden />}
      rightSection={
        text ? (
          <CloseButton size="sm" aria-label={strings.list.clearSearch} onClick={() => change("")} />
        ) : null
      }
      value={text}
      onChange={(event) => change(event.currentTarget.value)}
    />
  );
}

/** The columns to show, and what the chooser needs to change them. */
export function useColumns<T>(list: string, all: Column<T>[]) {
  const [hidden, setHidden] = useLocalStorage<string[]>({
    key: `caravan.columns.${list}`,
    defaultValue: all.filter((column) => column.optional).map((column) => column.id),
    getInitialValueInEffect: false,
  });
  const toggle = (id: string) =>
    setHidden((now) => (now.includes(id) ? now.filter((each) => each !== id) : [...now, id]));
  const shown = all.filter((column) => column.fixed || !hidden.includes(column.id));
  return { shown, chooser: { all, hidden, toggle } };
}

type Chooser<T> = { all: Column<T>[]; hidden: string[]; toggle: (id: string) => void };

export function ColumnChooser<T>({ all, hidden, toggle }: Chooser<T>) {
  return (
    <Popover position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <Tooltip label={strings.list.columns}>
          <ActionIcon variant="default" size={34} aria-label={strings.list.columns}>
            <Columns3 size={16} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown aria-label={strings.list.columns}>
        <Stack gap="xs">
          {all.map((column) => (
            <Checkbox
              key={column.id}
              size="xs"
              label={column.label}
              checked={column.fixed || !hidden.includes(column.id)}
              disabled={column.fixed}
              onChange={() => toggle(column.id)}
            />
          ))}
        </Stack>
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
      const csv = await csvOf(columns, await everyRow(rows));
      download(`${name}.csv`, "text/csv;charset=utf-8", csv);
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
