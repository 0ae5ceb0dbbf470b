// One journey in detail: its ring, its funnel, how it does over time, what became of its messages; every number leads to who it is about.
import { Button, Group, Skeleton } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { ChartColumn } from "lucide-react";
import { journeysQuery, mapQuery, statusQuery } from "../api/queries";
import { FigureCards } from "../journeys/FigureCards";
import { Funnel } from "../journeys/Funnel";
import journeyClasses from "../journeys/journeys.module.css";
import { StatusRing } from "../journeys/StatusRing";
import { isPublished } from "../map/graph";
import { Card } from "../shell/Card";
import { rowsOf } from "../shell/DataTable";
import { EmptyState } from "../shell/EmptyState";
import { at, LinkTo } from "../shell/LinkTo";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";
import { DaysFilter, JourneyFilter, useBoard } from "./filters";

const text = strings.dashboards.journey;

export default function JourneyBoard() {
  const { search } = useBoard();
  const journeys = useInfiniteQuery(journeysQuery(""));
  const key = search.journey ?? rowsOf(journeys)[0]?.key;
  // Nothing to choose from, nothing to count.
  if (!key && journeys.isSuccess) {
    const { empty, emptyHint } = strings.dashboards.journeys;
    return <EmptyState icon={ChartColumn} title={empty} hint={emptyHint} />;
  }
  return (
    <div className={classes.stack}>
      <Group justify="space-between">
        <Group gap="xs">
          <JourneyFilter required />
          <DaysFilter usual={0} open />
        </Group>
        {key ? (
          <Group gap="xs">
            <Button component={LinkTo} to={at("/journeys", key)} variant="default" size="xs">
              {text.map}
            </Button>
            <Button
              component={LinkTo}
              to={`${at("/journeys", key)}/travellers`}
              variant="default"
              size="xs"
            >
              {text.travellers}
            </Button>
          </Group>
        ) : null}
      </Group>
      {key ? <Details journey={key} days={search.days} /> : null}
    </div>
  );
}

function Details({ journey, days }: { journey: string; days: number | undefined }) {
  const { data: map } = useQuery(mapQuery(journey));
  const { data: status } = useQuery({ ...statusQuery(journey), refetchInterval: 10_000 });
  if (!map || !status) return <Skeleton height={360} />;
  if (!isPublished(map)) {
    return (
      <EmptyState
        icon={ChartColumn}
        title={strings.overview.notPublished}
        hint={strings.overview.notPublishedHint}
      />
    );
  }
  return (
    <>
      <div className={journeyClasses.overview}>
        <Card title={strings.overview.status}>
          <StatusRing journey={journey} travellers={status.travellers} />
        </Card>
        <Funnel map={map} status={status} />
      </div>
      <FigureCards journey={journey} days={days || undefined} />
    </>
  );
}
