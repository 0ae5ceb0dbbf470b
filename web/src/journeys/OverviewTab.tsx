// How a journey does as a whole: the ring, the closing equation, the funnel, the actions.
import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { ChartNoAxesColumn } from "lucide-react";
import { mapQuery, statusQuery } from "../api/queries";
import type { JourneyMap, JourneyStatus } from "../api/types";
import { executions, outcomeRows } from "../map/counts";
import { isPublished } from "../map/graph";
import { OutcomeTable } from "../map/OutcomeTable";
import { addressOfTravellers } from "../map/shown";
import { Card } from "../shell/Card";
import { EmptyState } from "../shell/EmptyState";
import { Facts } from "../shell/Facts";
import { formatNumber } from "../shell/format";
import { strings } from "../strings";
import { FigureCards } from "./FigureCards";
import { Funnel } from "./Funnel";
import { GoalCard } from "./GoalCard";
import classes from "./journeys.module.css";
import { StatusRing } from "./StatusRing";
import { reasonWord } from "./words";

const text = strings.overview;

export function OverviewTab() {
  const { key } = useParams({ from: "/inside/journeys/$key" });
  const { data: map } = useQuery(mapQuery(key));
  const { data: status } = useQuery({ ...statusQuery(key), enabled: false });
  if (!map || !status) return null;
  if (!isPublished(map)) {
    return (
      <div className={classes.tab}>
        <EmptyState
          icon={ChartNoAxesColumn}
          title={text.notPublished}
          hint={text.notPublishedHint}
        />
      </div>
    );
  }
  return (
    <div className={classes.tab}>
      <div className={classes.overview}>
        <Card title={text.status}>
          <StatusRing journey={key} travellers={status.travellers} />
          <NotEntered reasons={status.not_entered ?? {}} />
        </Card>
        <Funnel map={map} status={status} />
      </div>
      {status.goal ? <GoalCard goal={status.goal} /> : null}
      <FigureCards journey={key} />
      <Card title={text.outcomes}>
        <ActionOutcomes map={map} status={status} />
      </Card>
    </div>
  );
}

/** Who qualified but may not enter, and why. */
function NotEntered({ reasons }: { reasons: Record<string, number> }) {
  const entries = Object.entries(reasons).filter(([, count]) => count > 0);
  if (entries.length === 0) return null;
  return (
    <section className={classes.notEntered} aria-label={text.notEntered}>
      <Text fw={600} size="sm" mb={6}>
        {text.notEntered}
      </Text>
      <Facts
        facts={entries.map(([reason, count]) => ({
          label: reasonWord(reason),
          value: formatNumber(count),
        }))}
      />
    </section>
  );
}

/** Every action that ran, boxes' actions too, in the order of the map. */
function ActionOutcomes({ map, status }: { map: JourneyMap; status: JourneyStatus }) {
  const actions = map.nodes
    .flatMap((node) => [node, ...(node.box ?? []).flatMap((path) => path.actions)])
    .map((action) => ({ action, outcomes: status.nodes[action.id]?.outcomes }))
    .map(({ action, outcomes }) => ({ action, rows: outcomes ? outcomeRows(outcomes) : [] }))
    .filter(({ rows }) => executions(rows) > 0);
  if (actions.length === 0) return <Text c="dimmed">{text.outcomesEmpty}</Text>;
  return (
    <div className={classes.actionOutcomes}>
      {actions.map(({ action, rows }) => (
        <section key={action.id} aria-label={action.title}>
          <Text fw={600} mb={6}>
            {action.title}
            <Text span inherit c="dimmed" fw={400}>
              {action.facts[0] ? ` · ${action.facts[0].value}` : ""}
            </Text>
          </Text>
          <OutcomeTable
            rows={rows}
            to={(outcome, reason) =>
              addressOfTravellers(map.key, action.id, { outcome, reason, show: "reached" })
            }
          />
        </section>
      ))}
    </div>
  );
}
