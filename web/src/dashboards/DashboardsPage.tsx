// What all journeys, messages and buying groups came to, in charts and in the API's own numbers.
import { Button, Group, SegmentedControl, Skeleton, Text } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { ChartColumn } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { type MessageFigures, messageFiguresQuery } from "../api/figures";
import { groupsQuery } from "../api/groups";
import { journeysQuery } from "../api/queries";
import { addressOf } from "../definitions/DefinitionList";
import { useStageNames } from "../groups/stageNames";
import { Card } from "../shell/Card";
import { type Column, rowsOf, totalOf } from "../shell/DataTable";
import { EmptyState } from "../shell/EmptyState";
import { formatNumber, formatShare, humanise } from "../shell/format";
import { LinkTo } from "../shell/LinkTo";
import { ListSection } from "../shell/ListPage";
import { PageHeader } from "../shell/PageHeader";
import classes from "../shell/shell.module.css";
import { Tabs } from "../shell/Tabs";
import { strings } from "../strings";
import { byCompleteness, byStage } from "./bands";

const Bars = lazy(() =>
  import("./Bars").then((module) => ({ default: module.Bars })),
) as unknown as typeof import("./Bars").Bars;
const text = strings.dashboards;
const MOST_BARS = 20;

export function DashboardsPage() {
  return (
    <div className={classes.page}>
      <PageHeader title={text.title} />
      <Suspense fallback={<Skeleton height={300} />}>
        <Tabs
          label={text.title}
          tabs={[
            { id: "journeys", label: text.tabs.journeys, body: <Journeys /> },
            { id: "messages", label: text.tabs.messages, body: <Messages /> },
            { id: "groups", label: text.tabs.groups, body: <Groups /> },
          ]}
        />
      </Suspense>
    </div>
  );
}

function Journeys() {
  const rows = useInfiniteQuery({ ...journeysQuery(""), refetchInterval: 10_000 });
  const journeys = rowsOf(rows)
    .filter((row) => (row.travellers.entered ?? 0) > 0)
    .slice(0, MOST_BARS)
    .map(({ name, travellers: { entered = 0, active = 0, completed = 0 } }) => ({
      name,
      active,
      completed,
      ended: entered - active - completed,
    }));
  if (!rows.isPending && journeys.length === 0) {
    return (
      <EmptyState icon={ChartColumn} title={text.journeys.empty} hint={text.journeys.emptyHint} />
    );
  }
  return (
    <Card title={text.journeys.chart}>
      <Text size="sm" c="dimmed" mb="sm">
        {text.journeys.hint}
      </Text>
      <Bars
        label={text.journeys.chart}
        rows={journeys}
        name="name"
        stacked
        series={[
          { key: "active", label: text.journeys.inside, colour: "var(--cv-pending)" },
          { key: "completed", label: text.journeys.completed, colour: "var(--cv-done)" },
          { key: "ended", label: text.journeys.ended, colour: "var(--cv-noop)" },
        ]}
      />
    </Card>
  );
}

const words = text.messages.columns;
type Count = "sent" | "delivered" | "opened" | "clicked" | "bounced" | "unsubscribes";

const counted = (id: Count): Column<MessageFigures> => ({
  id,
  label: words[id],
  numeric: true,
  value: (row) => row[id],
  cell: (row) => formatNumber(row[id]),
});
const rated = (id: string, label: string, of: (row: MessageFigures) => number | null) => ({
  id,
  label,
  numeric: true,
  value: of,
  cell: (row: MessageFigures) => {
    const rate = of(row);
    return rate === null ? strings.list.none : formatShare(rate, 1);
  },
});

const MESSAGE_COLUMNS: Column<MessageFigures>[] = [
  {
    id: "message",
    label: words.message,
    fixed: true,
    value: (row) => row.message,
    cell: (row) =>
      row.message ? (
        <LinkTo
          className={classes.nameLink}
          to={addressOf(row.channel === "sms" ? "sms_messages" : "emails", row.message)}
        >
          {row.message}
        </LinkTo>
      ) : (
        strings.list.none
      ),
  },
  {
    id: "channel",
    label: words.channel,
    value: (row) => row.channel,
    cell: (row) => humanise(row.channel),
  },
  counted("sent"),
  counted("delivered"),
  counted("opened"),
  counted("clicked"),
  counted("bounced"),
  counted("unsubscribes"),
  rated("delivery_rate", words.deliveryRate, (row) => row.delivery_rate),
  rated("open_rate", words.openRate, (row) => row.open_rate),
  rated("click_rate", words.clickRate, (row) => row.click_rate),
];

function Messages() {
  const [range, setRange] = useState("30");
  const figures = useQuery(messageFiguresQuery(range === "all" ? undefined : Number(range)));
  const items = figures.data?.items ?? [];
  return (
    <div className={classes.stack}>
      {items.length > 0 ? (
        <Card title={text.messages.chart}>
          <Bars
            label={text.messages.chart}
            rows={items.slice(0, MOST_BARS).map((row) => ({ ...row, name: row.message ?? "" }))}
            name="name"
            series={[
              { key: "delivered", label: words.delivered, colour: "var(--cv-pending)" },
              { key: "opened", label: words.opened, colour: "var(--cv-audience)" },
              { key: "clicked", label: words.clicked, colour: "var(--cv-done)" },
            ]}
          />
        </Card>
      ) : null}
      <ListSection
        id="message-figures"
        title={text.tabs.messages}
        rows={{
          ...(figures.data ? { data: { pages: [{ items, total: items.length }] } } : {}),
          error: figures.error,
          isPending: figures.isPending,
          hasNextPage: false,
          isFetchingNextPage: false,
          fetchNextPage: () => undefined,
          refetch: figures.refetch,
        }}
        columns={MESSAGE_COLUMNS}
        rowKey={(row) => `${row.channel} ${row.message}`}
        filters={
          <SegmentedControl
            size="xs"
            aria-label={text.messages.since}
            data={Object.entries(text.messages.ranges).map(([value, label]) => ({ value, label }))}
            value={range}
            onChange={setRange}
          />
        }
        empty={{ icon: ChartColumn, title: text.messages.empty, hint: text.messages.emptyHint }}
      />
    </div>
  );
}

function Groups() {
  const rows = useInfiniteQuery(groupsQuery({}));
  const stages = useStageNames();
  const groups = rowsOf(rows);
  const total = totalOf(rows) ?? groups.length;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = rows;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && groups.length < MOST_GROUPS) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, groups.length]);
  if (rows.isPending) return <Skeleton height={300} />;
  const one = [{ key: "groups" as const, label: text.groups.groups, colour: "var(--cv-audience)" }];
  return (
    <div className={classes.stack}>
      <Group justify="space-between">
        <Text size="sm" c="dimmed">
          {groups.length < total ? text.groups.first(groups.length) : strings.list.total(total)}
        </Text>
        <Button component={LinkTo} to="/groups" variant="default">
          {text.groups.open}
        </Button>
      </Group>
      <div className={classes.columns}>
        <Card title={text.groups.stages}>
          <Bars
            label={text.groups.stages}
            rows={byStage(groups, stages)}
            name="name"
            series={one}
          />
        </Card>
        <Card title={text.groups.completeness}>
          <Bars
            label={text.groups.completeness}
            rows={byCompleteness(groups)}
            name="name"
            series={one}
          />
        </Card>
      </div>
    </div>
  );
}

/** As many groups are read to be counted. */
const MOST_GROUPS = 2_000;
