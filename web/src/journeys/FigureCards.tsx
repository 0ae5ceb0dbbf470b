// A journey over time and in comparison; all of it is what the API's figures say.
import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { journeyFiguresQuery } from "../api/figures";
import type { JourneyFigures } from "../api/types";
import { Lines } from "../dashboards/charts";
import own from "../dashboards/dashboards.module.css";
import { Figure } from "../dashboards/Figure";
import { PerformanceTable } from "../dashboards/PerformanceTable";
import { Card } from "../shell/Card";
import { ErrorNotice } from "../shell/ErrorNotice";
import { formatNumber, formatSeconds, formatShare } from "../shell/format";
import { Ring } from "../shell/Ring";
import { strings } from "../strings";
import { Comparison } from "./Comparison";

const text = strings.figures;

type Props = {
  journey: string;
  /** Back from now; left out: all time. */
  days?: number | undefined;
};

export function FigureCards({ journey, days }: Props) {
  const { data, error, refetch } = useQuery(journeyFiguresQuery(journey, days));
  const filter = { journey, days };
  return (
    <>
      {error && !data ? <ErrorNotice error={error} onRetry={refetch} /> : null}
      {data ? <Numbers figures={data} /> : null}
      {data ? (
        <div className={own.pair}>
          <OverTime figures={data} />
          <EngagedAccounts engagement={data.engagement} />
        </div>
      ) : null}
      <PerformanceTable channel="email" title={text.email} filter={filter} empty={text.noEmail} />
      <PerformanceTable channel="sms" title={text.sms} filter={filter} empty={text.noSms} />
      {data ? <Comparison figures={data} /> : null}
    </>
  );
}

function Numbers({ figures }: { figures: JourneyFigures }) {
  const { entered, completed, duration, engagement } = figures;
  return (
    <div className={own.numbers}>
      <Figure
        label={text.rate}
        value={formatShare(completed, entered)}
        hint={text.rateOf(formatNumber(completed), formatNumber(entered))}
      />
      <Figure
        label={text.duration}
        value={duration ? formatSeconds(duration.median_seconds) : strings.list.none}
        hint={duration ? text.durationOf(formatSeconds(duration.p90_seconds)) : text.noDuration}
      />
      <Figure
        label={text.people}
        value={formatNumber(engagement.engaged_people)}
        hint={text.peopleOf(formatNumber(engagement.people))}
      />
    </div>
  );
}

function OverTime({ figures: { days } }: { figures: JourneyFigures }) {
  return (
    <Card title={text.overTime}>
      {days.length === 0 ? (
        <Text c="dimmed">{text.nobody}</Text>
      ) : (
        <Lines
          label={text.overTime}
          rows={days}
          day={(row) => row.day}
          counts
          series={[
            { label: text.entered, colour: "var(--cv-pending)", of: (row) => row.entered },
            { label: text.completed, colour: "var(--cv-done)", of: (row) => row.completed },
          ]}
        />
      )}
    </Card>
  );
}

function EngagedAccounts({ engagement }: { engagement: JourneyFigures["engagement"] }) {
  const { accounts, engaged_accounts: engaged } = engagement;
  return (
    <Card title={text.accounts}>
      {accounts === 0 ? (
        <Text c="dimmed">{text.nobody}</Text>
      ) : (
        <Ring
          whole={accounts}
          total={text.accountsTotal}
          parts={[
            { label: text.engaged, count: engaged, colour: "var(--cv-done)" },
            { label: text.notEngaged, count: accounts - engaged, colour: "var(--cv-noop)" },
          ]}
        />
      )}
    </Card>
  );
}
