// How complete and engaged buying groups were, day by day.
import { Button, Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { HeartPulse } from "lucide-react";
import { groupDaysQuery } from "../api/figures";
import type { ScoredDay } from "../api/types";
import { Card } from "../shell/Card";
import type { Column } from "../shell/DataTable";
import { formatDate, formatNumber } from "../shell/format";
import { LinkTo } from "../shell/LinkTo";
import { ListSection } from "../shell/ListPage";
import classes from "../shell/shell.module.css";
import { wholeRows } from "../shell/useRows";
import { strings } from "../strings";
import { Lines } from "./charts";
import { DaysFilter, InterestFilter, useBoard } from "./filters";

const text = strings.dashboards.engagement;
const USUAL = 90;
const rounded = (n: number | null | undefined) => (n == null ? null : Math.round(n * 10) / 10);

const COLUMNS: Column<ScoredDay>[] = [
  {
    id: "day",
    label: text.day,
    fixed: true,
    value: (row) => row.day,
    cell: (row) => formatDate(`${row.day}T12:00:00`),
  },
  {
    id: "groups",
    label: text.groups,
    numeric: true,
    value: (row) => row.groups,
    cell: (row) => formatNumber(row.groups),
  },
  {
    id: "engagement",
    label: text.engagement,
    numeric: true,
    value: (row) => row.mean_engagement,
    cell: (row) => formatNumber(rounded(row.mean_engagement)),
  },
  {
    id: "completeness",
    label: text.completeness,
    numeric: true,
    value: (row) => row.mean_completeness,
    cell: (row) => formatNumber(rounded(row.mean_completeness)),
  },
];

export function EngagementBoard() {
  const { search } = useBoard();
  const days = useQuery(groupDaysQuery(search.days || USUAL, search.interest));
  const items = days.data?.items ?? [];
  return (
    <div className={classes.stack}>
      <Group gap="xs">
        <InterestFilter />
        <DaysFilter usual={USUAL} />
      </Group>
      {items.length > 0 ? (
        <Card title={text.chart}>
          <Lines
            label={text.chart}
            rows={items}
            day={(row) => row.day}
            series={[
              {
                label: text.engagement,
                colour: "var(--cv-audience)",
                of: (row) => rounded(row.mean_engagement),
              },
              {
                label: text.completeness,
                colour: "var(--cv-pending)",
                of: (row) => rounded(row.mean_completeness),
              },
            ]}
          />
        </Card>
      ) : null}
      <ListSection
        id="engagement-days"
        title={strings.dashboards.tabs.engagement}
        rows={wholeRows(days, days.data?.items.toReversed())}
        columns={COLUMNS}
        rowKey={(row) => row.day}
        empty={{
          icon: HeartPulse,
          title: text.empty,
          hint: text.emptyHint,
          action: (
            <Button component={LinkTo} to="/admin?tab=jobs">
              {text.toJobs}
            </Button>
          ),
        }}
      />
    </div>
  );
}
