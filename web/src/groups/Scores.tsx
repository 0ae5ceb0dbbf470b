// What makes up the two scores of a buying group, term by term, and how they went day by day.
import { Alert, Button, Skeleton, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Suspense } from "react";
import { useMay } from "../admin/useMay";
import { explainedScoresQuery, pastScoresQuery, scoreNow } from "../api/groups";
import type { GroupDetail, PastScores } from "../api/types";
import { Lines } from "../dashboards/charts";
import { Card } from "../shell/Card";
import { ErrorNotice } from "../shell/ErrorNotice";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";
import { CompletenessTerms } from "./CompletenessTerms";
import { EngagementTerms } from "./EngagementTerms";

const text = strings.groups.scores;

export function Scores({ group }: { group: GroupDetail }) {
  const { data, error, refetch } = useQuery(explainedScoresQuery(group.id));
  if (error) return <ErrorNotice error={error} onRetry={refetch} />;
  if (!data) return <Skeleton height={320} />;
  return (
    <div className={classes.columns}>
      <div className={classes.stack}>
        <Card title={text.completeness}>
          <CompletenessTerms sum={data.completeness} />
        </Card>
        <PastDays id={group.id} />
      </div>
      <Card title={text.engagement} aside={<ScoreNow />}>
        <EngagementTerms sum={data.engagement} />
      </Card>
    </div>
  );
}

function ScoreNow() {
  const may = useMay()?.("definitions:write") === true;
  const ask = useMutation({
    mutationFn: scoreNow,
    onSuccess: () => notifications.show({ message: text.asked }),
  });
  if (!may) return null;
  return (
    <>
      {ask.error ? <Alert color="red">{ask.error.message}</Alert> : null}
      <Button size="xs" variant="default" loading={ask.isPending} onClick={() => ask.mutate()}>
        {text.scoreNow}
      </Button>
    </>
  );
}

const { completeness, engagement } = strings.groups.columns;
const SERIES = [
  {
    label: engagement,
    colour: "var(--cv-audience)",
    of: (row: PastScores) => rounded(row.engagement),
  },
  {
    label: completeness,
    colour: "var(--cv-pending)",
    of: (row: PastScores) => rounded(row.completeness),
  },
];

const rounded = (score: number | null | undefined) =>
  score == null ? null : Math.round(score * 10) / 10;

function PastDays({ id }: { id: string }) {
  const { data, error, refetch } = useQuery(pastScoresQuery(id));
  if (error) return <ErrorNotice error={error} onRetry={refetch} />;
  const days = data?.items ?? [];
  return (
    <Card title={text.history}>
      {data && days.length === 0 ? (
        <Text c="dimmed">{text.noHistory}</Text>
      ) : (
        <Suspense fallback={<Skeleton height={280} />}>
          <Lines label={text.history} rows={days} day={(row) => row.day} series={SERIES} />
        </Suspense>
      )}
    </Card>
  );
}
