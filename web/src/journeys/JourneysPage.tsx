import { ActionIcon, Button, Group } from "@mantine/core";
import { Ellipsis, Route } from "lucide-react";
import { journeysQuery } from "../api/queries";
import type { JourneyRow } from "../api/types";
import type { Column } from "../shell/DataTable";
import { formatDate, formatNumber } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { ListPage } from "../shell/ListPage";
import { useSearchText } from "../shell/ListTools";
import { Moment } from "../shell/Moment";
import { StateDot } from "../shell/StateDot";
import { StateFilter, useStates } from "../shell/StateFilter";
import { CHANGED_LAST, useServerSort } from "../shell/serverSort";
import classes from "../shell/shell.module.css";
import { BY_CHANGE } from "../shell/sorting";
import { useRows } from "../shell/useRows";
import { strings } from "../strings";
import { CreateJourneyButton } from "./CreateJourney";
import { LifeCycleMenu } from "./LifeCycle";

const text = strings.journeys;
const none = strings.list.none;
const STATES = Object.entries(strings.states).map(([value, label]) => ({ value, label }));

const COLUMNS: Column<JourneyRow>[] = [
  {
    id: "name",
    label: text.columns.name,
    order: "name",
    fixed: true,
    value: (row) => row.name || row.key,
    cell: (row) => (
      <LinkTo className={classes.nameLink} to={at("/journeys", row.key)}>
        {row.name || row.key}
      </LinkTo>
    ),
  },
  {
    id: "state",
    label: text.columns.state,
    order: "state",
    value: (row) => row.state,
    cell: (row) => <StateDot state={row.state} paused={row.paused} />,
  },
  {
    id: "subject",
    label: text.columns.subject,
    value: (row) => strings.subjects[row.subject],
    cell: (row) => strings.subjects[row.subject],
  },
  ...counted("entered"),
  ...counted("active"),
  ...counted("completed"),
  {
    id: "updated",
    label: text.columns.updated,
    order: "updated_at",
    value: (row) => row.updated_at,
    cell: (row) => <Moment at={row.updated_at} dimmed />,
  },
  {
    id: "updatedBy",
    label: text.columns.updatedBy,
    order: "updated_by",
    value: (row) => row.updated_by,
    optional: true,
    cell: (row) => row.updated_by ?? none,
  },
  {
    id: "published",
    label: text.columns.published,
    order: "published_at",
    value: (row) => row.published_at,
    cell: (row) => (row.published_at ? <Moment at={row.published_at} dimmed /> : none),
  },
  {
    id: "publishedBy",
    label: text.columns.publishedBy,
    order: "published_by",
    value: (row) => row.published_by,
    optional: true,
    cell: (row) => row.published_by ?? none,
  },
  {
    id: "end",
    label: text.columns.end,
    optional: true,
    value: (row) => row.end,
    cell: (row) => formatDate(row.end),
  },
];

function counted(id: "entered" | "active" | "completed"): Column<JourneyRow>[] {
  return [
    {
      id,
      label: text.columns[id],
      numeric: true,
      value: (row) => row.travellers[id] ?? 0,
      cell: (row) => formatNumber(row.travellers[id] ?? 0),
    },
  ];
}

export function JourneysPage() {
  const { order = CHANGED_LAST, server } = useServerSort(COLUMNS);
  const states = useStates();
  const listed = journeysQuery(useSearchText(), order, states);
  const rows = useRows({ ...listed, refetchInterval: 10_000 });
  return (
    <ListPage
      id="journeys"
      title={text.title}
      searchLabel={strings.list.search}
      rows={rows}
      columns={COLUMNS}
      rowKey={(row) => row.key}
      server={server}
      usual={BY_CHANGE}
      filters={<StateFilter states={STATES} />}
      narrowed={states !== undefined}
      actions={<CreateJourneyButton />}
      menu={(row) => (
        <LifeCycleMenu
          journey={row.key}
          subject={row.subject}
          state={row.state}
          paused={row.paused}
        >
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={strings.list.rowMenu(row.name || row.key)}
          >
            <Ellipsis size={16} />
          </ActionIcon>
        </LifeCycleMenu>
      )}
      empty={{
        icon: Route,
        title: text.empty,
        hint: text.emptyHint,
        action: (
          <Group gap="xs" mt="xs">
            <Button component={LinkTo} to="/welcome">
              {strings.welcome.open}
            </Button>
            <CreateJourneyButton variant="default" />
          </Group>
        ),
      }}
    />
  );
}
