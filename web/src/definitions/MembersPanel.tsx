// Who is on a list or in an audience; static lists are changed by hand.
import { ActionIcon, Button, Group, Text, Tooltip } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Download, Plus, UsersRound } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useMay } from "../admin/useMay";
import { standingQuery } from "../api/destinations";
import type { ExportOf } from "../api/exports";
import { changeMembers, type Membered, membersCsv, membersQuery } from "../api/members";
import type { ListMember } from "../api/types";
import { useExport } from "../exports/useExport";
import { Refusal } from "../journeys/Refusal";
import { Card } from "../shell/Card";
import { textColumn } from "../shell/columns";
import { MOST_AT_ONCE } from "../shell/csv";
import { type Column, DataTable, rowsOf, totalOf } from "../shell/DataTable";
import { EmptyState } from "../shell/EmptyState";
import { humanise } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { Moment } from "../shell/Moment";
import { SearchInput } from "../shell/SearchInput";
import { useChosen } from "../shell/selection";
import { useServerSort } from "../shell/serverSort";
import classes from "../shell/shell.module.css";
import { useRows } from "../shell/useRows";
import { strings } from "../strings";
import type { PanelProps } from "./editors";
import { useNamesOf } from "./NamedLink";

const AddMembers = lazy(() => import("./AddMembers"));

const text = strings.definitions.members;
const PLURALS: Record<string, Membered> = {
  account_list: "account_lists",
  people_list: "people_lists",
  audience: "audiences",
  external_audience: "external_audiences",
};
const KINDS: Record<Membered, string> = {
  account_lists: "account_list",
  people_lists: "people_list",
  audiences: "audience",
  external_audiences: "external_audience",
};

export default function MembersPanel({ definition, body }: PanelProps) {
  const plural = PLURALS[String(body.kind)] ?? "account_lists";
  const handed = plural === "external_audiences";
  const people = handed || plural === "people_lists" || body.subject === "person";
  const byHand = handed || body.type === "static";
  const changes = useMay()?.("customers:write") === true && byHand;
  const [search, setSearch] = useState("");
  const columns = columnsOf(people);
  const { order, server } = useServerSort(columns);
  const file = useExport();
  const [q] = useDebouncedValue(search.trim(), 250);
  const rows = useRows(membersQuery(plural, definition, q, order));
  const chosen = useChosen();
  const [adding, setAdding] = useState(false);
  const subject = people ? "person" : "account";
  const cache = useQueryClient();
  const readAgain = () =>
    Promise.all([
      cache.invalidateQueries({ queryKey: ["definitions", plural, "members", definition] }),
      handed && cache.invalidateQueries({ queryKey: standingQuery(definition).queryKey }),
    ]);
  const takeOut = useMutation({
    mutationFn: (who: string[]) => changeMembers(plural, definition, who, false),
    onSuccess: () => {
      chosen.set([]);
      notifications.show({ message: text.done });
      return readAgain();
    },
  });
  const picked = rowsOf(rows).filter((row) => chosen.keys.has(row.key));
  const total = totalOf(rows);
  return (
    <Card
      title={total == null ? text.title : `${text.title} · ${total}`}
      aside={
        <Tooltip label={text.csv}>
          {total != null && total > MOST_AT_ONCE ? (
            <ActionIcon
              variant="default"
              aria-label={text.csv}
              loading={file.isPending}
              onClick={() =>
                file.mutate({
                  of: {
                    members: { kind: KINDS[plural], key: definition, q: q || null, ...order },
                  } as ExportOf,
                })
              }
            >
              <Download size={15} />
            </ActionIcon>
          ) : (
            <ActionIcon
              component="a"
              href={membersCsv(plural, definition)}
              variant="default"
              aria-label={text.csv}
            >
              <Download size={15} />
            </ActionIcon>
          )}
        </Tooltip>
      }
    >
      <div className={classes.stack}>
        <Group gap="xs" wrap="nowrap">
          <SearchInput flex={1} label={text.search} value={search} onChange={setSearch} />
          {changes ? (
            <Button
              leftSection={<Plus size={15} aria-hidden />}
              variant="default"
              onClick={() => setAdding(true)}
            >
              {text.adding.button[subject]}
            </Button>
          ) : null}
        </Group>
        {adding ? (
          <Suspense>
            <AddMembers
              {...{ plural, definition, subject }}
              onAdded={readAgain}
              onClose={() => setAdding(false)}
            />
          </Suspense>
        ) : null}
        {takeOut.error ? <Refusal error={takeOut.error} /> : null}
        {changes && picked.length > 0 ? (
          <Group justify="space-between" className={classes.bulkBar}>
            <Text size="sm" fw={600}>
              {strings.list.chosen(picked.length)}
            </Text>
            <Button
              size="xs"
              color="red"
              variant="light"
              loading={takeOut.isPending}
              onClick={() => takeOut.mutate(picked.map((row) => row.key))}
            >
              {text.remove}
            </Button>
          </Group>
        ) : null}
        <DataTable
          label={text.title}
          rows={rows}
          columns={columns}
          rowKey={(row) => row.key}
          chosen={changes ? chosen : undefined}
          server={server}
          empty={
            <EmptyState
              icon={UsersRound}
              title={q ? strings.list.noMatch(q) : text.none}
              hint={hintOf(q, byHand, changes)}
            />
          }
        />
      </div>
    </Card>
  );
}

function hintOf(q: string, byHand: boolean, changes: boolean): string {
  if (q) return text.noMatchHint;
  if (!byHand) return text.noneHint.dynamic;
  return changes ? text.noneHint.static : text.noneHint.looking;
}

/** Who put a member there: a journey by its name. */
function Source({ source }: { source: string }) {
  const [by, key] = source.split(":");
  const journeyNamed = useNamesOf("journeys", by === "journey");
  if (by === "journey" && key) return text.byJourney(journeyNamed(key.trim()));
  return strings.accounts.sources[source] ?? humanise(source);
}

function columnsOf(people: boolean): Column<ListMember>[] {
  return [
    {
      id: "name",
      order: "name",
      label: text.columns.name,
      value: (row) => row.name ?? row.key,
      cell: (row) => (
        <>
          <LinkTo className={classes.nameLink} to={at(people ? "/people" : "/accounts", row.key)}>
            {row.name ?? row.key}
          </LinkTo>
          {people && row.name ? (
            <Text size="xs" c="dimmed" className={classes.oneLine}>
              {row.key}
            </Text>
          ) : null}
        </>
      ),
    },
    ...(people
      ? [
          textColumn<ListMember>("email", text.columns.email, (row) => row.email, {
            order: "email",
          }),
        ]
      : [
          {
            id: "key",
            order: "key",
            label: text.columns.key,
            value: (row: ListMember) => row.key,
            cell: (row: ListMember) => <span className={classes.oneLine}>{row.key}</span>,
          },
        ]),
    {
      id: "source",
      order: "source",
      label: text.columns.source,
      value: (row) => row.source,
      cell: (row) => <Source source={row.source} />,
    },
    {
      id: "added",
      order: "added_at",
      label: text.columns.added,
      value: (row) => row.added_at,
      cell: (row) => <Moment at={row.added_at} dimmed />,
    },
  ];
}
