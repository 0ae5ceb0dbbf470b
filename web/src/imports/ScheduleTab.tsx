// The connections at which import files arrive by themselves: when each is looked at, and what became of the latest file.
import { ActionIcon, Button, Menu, Text } from "@mantine/core";
import { useInfiniteQuery, useQueries, useQuery } from "@tanstack/react-query";
import { CalendarClock, Ellipsis, Pencil, Plus } from "lucide-react";
import { useState } from "react";
import { importRunsQuery, importScheduleQuery } from "../api/admin";
import { definitionNamesQuery, definitionQuery } from "../api/queries";
import { connectionTypesQuery } from "../api/systems";
import { addressOf } from "../definitions/address";
import { listAddress } from "../definitions/sections";
import { type Column, rowsOf } from "../shell/DataTable";
import { durationWords } from "../shell/format";
import { LinkTo } from "../shell/LinkTo";
import { ListSection } from "../shell/ListPage";
import { Moment } from "../shell/Moment";
import { prose } from "../shell/Prose";
import classes from "../shell/shell.module.css";
import { wholeRows } from "../shell/useRows";
import { strings } from "../strings";
import { RunState } from "./RunState";
import { type Choice, ScheduleDialog } from "./ScheduleDialog";
import { type Schedule, scheduleOf, takesFiles } from "./schedules";

const text = strings.imports.schedule;

type Row = { key: string; name: string; type: string; schedule: Schedule };

const COLUMNS: Column<Row>[] = [
  {
    id: "connection",
    label: text.connection,
    fixed: true,
    value: (row) => row.name,
    cell: (row) => (
      <LinkTo className={classes.nameLink} to={addressOf("connections", row.key)}>
        {row.name}
      </LinkTo>
    ),
  },
  { id: "type", label: text.type, value: (row) => row.type, cell: (row) => row.type },
  {
    id: "every",
    label: text.every,
    value: (row) => durationWords(row.schedule.every),
    cell: (row) => durationWords(row.schedule.every),
  },
  {
    id: "files",
    label: text.which,
    value: (row) => row.schedule.files.map(({ name }) => name).join(", "),
    cell: (row) => row.schedule.files.map(({ name }) => name).join(", "),
  },
  { id: "next", label: text.next, cell: (row) => <NextLook connection={row.key} /> },
  { id: "last", label: text.last, cell: (row) => <LastRun connection={row.key} /> },
];

export function ScheduleTab() {
  const { rows, places, query } = usePlaces();
  const [doing, setDoing] = useState<{ begun?: Row }>();
  const free = places.filter(({ value }) => !rows.some(({ key }) => key === value));
  const setUp =
    free.length > 0 ? (
      <Button leftSection={<Plus size={15} aria-hidden />} onClick={() => setDoing({})}>
        {text.setUp}
      </Button>
    ) : (
      <Button component={LinkTo} to={listAddress("connection")} variant="light">
        {text.toConnections}
      </Button>
    );
  return (
    <>
      <ListSection
        id="import-schedules"
        title={text.title}
        rows={wholeRows(query, query.isPending ? undefined : rows)}
        columns={COLUMNS}
        rowKey={(row) => row.key}
        actions={setUp}
        empty={{
          icon: CalendarClock,
          title: text.none,
          hint: free.length > 0 ? text.noneHint : text.noPlaceHint,
          action: setUp,
        }}
        menu={(row) => <RowMenu name={row.name} onChange={() => setDoing({ begun: row })} />}
      />
      {doing ? (
        <ScheduleDialog
          connections={doing.begun ? [{ value: doing.begun.key, label: doing.begun.name }] : free}
          begun={doing.begun?.schedule}
          onClose={() => setDoing(undefined)}
        />
      ) : null}
    </>
  );
}

/** The connections at which files may arrive, and those among them that are looked at. */
function usePlaces() {
  const types = useQuery(connectionTypesQuery);
  const names = useQuery(definitionNamesQuery("connections"));
  const taking = (types.data?.items ?? []).filter(({ settings }) => takesFiles(settings));
  const label = (type: unknown) => taking.find((each) => each.type === type)?.label;
  const able = (names.data?.items ?? []).filter((row) => label(row.type) !== undefined);
  const bodies = useQueries({
    queries: able.map(({ key }) => definitionQuery("connections", key)),
  });
  const places: Choice[] = able.map(({ key, name }) => ({ value: key, label: name || key }));
  const rows = able.flatMap(({ key, name, type }, n): Row[] => {
    const schedule = scheduleOf(bodies[n]?.data?.body ?? {});
    return schedule ? [{ key, name: name || key, type: label(type) ?? "", schedule }] : [];
  });
  const query = {
    error: types.error ?? names.error,
    isPending: types.isPending || names.isPending || bodies.some(({ isPending }) => isPending),
    refetch: names.refetch,
  };
  return { places, rows, query };
}

function RowMenu({ name, onChange }: { name: string; onChange: () => void }) {
  return (
    <Menu position="bottom-end" shadow="md" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={strings.list.rowMenu(name)}>
          <Ellipsis size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<Pencil size={14} />} onClick={onChange}>
          {text.change}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function NextLook({ connection }: { connection: string }) {
  const { data } = useQuery(importScheduleQuery(connection));
  if (!data) return strings.list.none;
  if (data.problem)
    return (
      <Text size="sm" c="red" lineClamp={2} maw={280}>
        {prose(data.problem)}
      </Text>
    );
  return data.next_at ? <Moment at={data.next_at} dimmed /> : text.soon;
}

function LastRun({ connection }: { connection: string }) {
  const [run] = rowsOf(useInfiniteQuery(importRunsQuery(connection)));
  if (!run) return text.notYet;
  return (
    <>
      <RunState run={run} /> <Moment at={run.started_at} dimmed />
    </>
  );
}
