// All journeys that ran: who is inside, who completed, who ended early.
import { Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { ChartColumn } from "lucide-react";
import { journeysQuery } from "../api/queries";
import type { JourneyRow } from "../api/types";
import { Card } from "../shell/Card";
import { type Column, rowsOf } from "../shell/DataTable";
import { EmptyState } from "../shell/EmptyState";
import { formatNumber, formatShare } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { ListSection } from "../shell/ListPage";
import { StateDot } from "../shell/StateDot";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";
import { Bars, MOST_BARS } from "./charts";
import { useBoard } from "./filters";

const text = strings.dashboards.journeys;

/** Whoever travels and is neither inside nor at the end has ended on the way; those held out only count. */
const countsOf = ({ travellers }: Pick<JourneyRow, "travellers">) => {
  const { entered = 0, active = 0, completed = 0, held_out: heldOut = 0 } = travellers;
  return { entered, active, completed, heldOut, ended: entered - heldOut - active - completed };
};
type Count = keyof ReturnType<typeof countsOf>;

const counted = (id: Count, label: string): Column<JourneyRow> => ({
  id,
  label,
  numeric: true,
  value: (row) => countsOf(row)[id],
  cell: (row) => formatNumber(countsOf(row)[id]),
});

const COLUMNS: Column<JourneyRow>[] = [
  {
    id: "name",
    label: text.name,
    fixed: true,
    value: (row) => row.name || row.key,
    cell: (row) => (
      <LinkTo className={classes.nameLink} to={`${at("/journeys", row.key)}/overview`}>
        {row.name || row.key}
      </LinkTo>
    ),
  },
  {
    id: "state",
    label: text.state,
    value: (row) => row.state,
    cell: (row) => <StateDot state={row.state} paused={row.paused} />,
  },
  counted("entered", text.entered),
  counted("active", text.inside),
  counted("completed", text.completed),
  counted("ended", text.ended),
  { ...counted("heldOut", text.heldOut), optional: true },
  {
    id: "rate",
    label: text.rate,
    numeric: true,
    value: (row) => {
      const { entered, heldOut, completed } = countsOf(row);
      return entered === heldOut ? null : completed / (entered - heldOut);
    },
    cell: (row) => {
      const { entered, heldOut, completed } = countsOf(row);
      return formatShare(completed, entered - heldOut);
    },
  },
];

export function JourneysBoard() {
  const { put } = useBoard();
  const rows = useInfiniteQuery({ ...journeysQuery(""), refetchInterval: 10_000 });
  const journeys = rowsOf(rows)
    .filter((row) => countsOf(row).entered > 0)
    .slice(0, MOST_BARS)
    .map((row) => ({ key: row.key, name: row.name || row.key, ...countsOf(row) }));
  if (!rows.isPending && journeys.length === 0)
    return <EmptyState icon={ChartColumn} title={text.empty} hint={text.emptyHint} />;
  return (
    <div className={classes.stack}>
      <Card title={text.chart}>
        <Text size="sm" c="dimmed" mb="sm">
          {text.hint}
        </Text>
        <Bars
          label={text.chart}
          rows={journeys}
          name="name"
          stacked
          onChoose={({ key }) => put({ tab: "journey", journey: key })}
          series={[
            { key: "active", label: text.inside, colour: "var(--cv-pending)" },
            { key: "completed", label: text.completed, colour: "var(--cv-done)" },
            { key: "ended", label: text.ended, colour: "var(--cv-noop)" },
            { key: "heldOut", label: text.heldOut, colour: "var(--mantine-color-dimmed)" },
          ]}
        />
      </Card>
      <ListSection
        id="journey-figures"
        title={text.chart}
        rows={rows}
        columns={COLUMNS}
        rowKey={(row) => row.key}
        empty={{ icon: ChartColumn, title: text.empty, hint: text.emptyHint }}
      />
    </div>
  );
}
