// Values day by day; the table beside the chart says the same in numbers.
import {
  CartesianGrid,
  Legend,
  Line,
  LineChart,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";
import { formatDate } from "../shell/format";
import { LABEL, named, TICK, TIP } from "./Bars";

export type LineSeries<T> = { label: string; colour: string; of: (row: T) => number | null };

type Props<T> = {
  label: string;
  rows: T[];
  day: (row: T) => string;
  series: LineSeries<T>[];
  /** Whole numbers as large as they come; left out: scores from 0 to 100. */
  counts?: boolean;
};

const HEIGHT = 280;

export function Lines<T extends object>({ label, rows, day, series, counts }: Props<T>) {
  return (
    <div role="img" aria-label={label}>
      <ResponsiveContainer width="100%" height={HEIGHT}>
        <LineChart
          data={rows}
          margin={{ top: 8, right: 16, bottom: 0, left: 0 }}
          accessibilityLayer={false}
        >
          <CartesianGrid stroke="var(--cv-line)" vertical={false} />
          <XAxis
            dataKey={(row: T) => formatDate(`${day(row)}T12:00:00`)}
            tick={TICK}
            minTickGap={40}
            stroke="var(--cv-line-strong)"
          />
          <YAxis
            domain={[0, counts ? "auto" : 100]}
            allowDecimals={!counts}
            width={counts ? 48 : 36}
            tick={TICK}
            stroke="var(--cv-line-strong)"
          />
          <Tooltip contentStyle={TIP} labelStyle={LABEL} />
          <Legend formatter={named} itemSorter={null} />
          {series.map((each) => (
            <Line
              key={each.label}
              name={each.label}
              dataKey={each.of as never}
              stroke={each.colour}
              strokeWidth={2}
              // One day alone would be no line.
              dot={rows.length < 20}
              isAnimationActive={false}
              connectNulls
            />
          ))}
        </LineChart>
      </ResponsiveContainer>
    </div>
  );
}
