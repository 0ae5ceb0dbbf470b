// Buying groups by stage, completeness and engagement; each bar leads to the groups that it counts.
import { Button, Group, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { UsersRound } from "lucide-react";
import { groupFiguresQuery } from "../api/figures";
import type { GroupFigures } from "../api/types";
import { useStageNames } from "../groups/stageNames";
import { Card } from "../shell/Card";
import { csvText, download } from "../shell/csv";
import { EmptyState } from "../shell/EmptyState";
import { ErrorNotice } from "../shell/ErrorNotice";
import { formatNumber } from "../shell/format";
import { LinkTo } from "../shell/LinkTo";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";
import { byBand, byStage, type Counted } from "./bands";
import { Bars } from "./charts";
import own from "./dashboards.module.css";
import { Figure } from "./Figure";
import { InterestFilter, useBoard } from "./filters";

const text = strings.dashboards.groups;
const ONE = [{ key: "groups" as const, label: text.groups, colour: "var(--cv-audience)" }];

export function GroupsBoard() {
  const { search } = useBoard();
  const stages = useStageNames();
  const { data, error, refetch } = useQuery(groupFiguresQuery({ interest: search.interest }));
  if (error) return <ErrorNotice error={error} onRetry={refetch} />;
  if (!data) return <Skeleton height={300} />;
  return (
    <div className={classes.stack}>
      <Group justify="space-between">
        <InterestFilter />
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={() => void save(data, stages)}>
            {strings.list.csv}
          </Button>
          <Button size="xs" component={LinkTo} to="/groups" variant="default">
            {text.open}
          </Button>
        </Group>
      </Group>
      {data.groups === 0 ? (
        <EmptyState icon={UsersRound} title={text.empty} hint={text.emptyHint} />
      ) : (
        <Figures figures={data} stages={stages} interest={search.interest} />
      )}
    </div>
  );
}

type Props = { figures: GroupFigures; stages: string[]; interest: string | undefined };

function Figures({ figures, stages, interest }: Props) {
  const navigate = useNavigate();
  const open = (part: { stage?: string }) =>
    void navigate({ to: "/groups", search: { ...(interest ? { interest } : {}), ...part } });
  return (
    <>
      <div className={own.numbers}>
        <Figure label={text.groups} value={formatNumber(figures.groups)} />
        <Figure label={text.meanCompleteness} value={percent(figures.mean_completeness)} />
        <Figure label={text.meanEngagement} value={percent(figures.mean_engagement)} />
      </div>
      <div className={classes.columns}>
        <Card title={text.stages}>
          <Bars
            label={text.stages}
            rows={byStage(figures.stages, stages)}
            name="name"
            series={ONE}
            onChoose={({ stage }) => open({ stage: stage ?? "" })}
          />
        </Card>
        <div className={classes.stack}>
          <Card title={text.completeness}>
            <Bars
              label={text.completeness}
              rows={byBand(figures.completeness)}
              name="name"
              series={ONE}
              onChoose={() => open({})}
            />
          </Card>
          <Card title={text.engagement}>
            <Bars
              label={text.engagement}
              rows={byBand(figures.engagement)}
              name="name"
              series={ONE}
              onChoose={() => open({})}
            />
          </Card>
        </div>
      </div>
    </>
  );
}

const percent = (n: number | null | undefined) =>
  n == null ? strings.list.none : formatNumber(Math.round(n * 10) / 10);

async function save(figures: GroupFigures, stages: string[]) {
  const rows = (what: string, counted: Counted[]) =>
    counted.map(({ name, groups }): (string | number)[] => [what, name, groups]);
  const csv = await csvText(
    [text.csv.what, text.csv.value, text.groups],
    [
      ...rows(text.stages, byStage(figures.stages, stages)),
      ...rows(text.completeness, byBand(figures.completeness)),
      ...rows(text.engagement, byBand(figures.engagement)),
    ],
  );
  download("buying-groups.csv", "text/csv;charset=utf-8", csv);
}
