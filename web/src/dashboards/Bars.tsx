// Bars with the numbers in words beside them: the chart is a picture, the table says the same.
import {
  Bar,
  BarChart,
  CartesianGrid,
  Legend,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";

export type Series<T> = { key: keyof T & string; label: string; colour: string };

type Props<T> = {
  label: string;
  rows: T[];
  name: keyof T & string;
  series: Series<T>[];
  stacked?: boolean;
  /** What a click on a bar leads to. */
  onChoose?: (row: T) => void;
};

export const TICK = { fill: "var(--mantine-color-dimmed)", fontSize: 12 };
export const TIP = {
  background: "var(--cv-surface)",
  border: "1px solid var(--cv-line)",
  borderRadius: 8,
};
export const LABEL = { color: "var(--mantine-color-text)", fontWeight: 600 };
/** Names of series read like other text; the square beside says which colour is meant. */
export const named = (name: unknown) => (
  <span style={{ color: "var(--mantine-color-text)", fontSize: "0.8125rem" }}>{String(name)}</span>
);
const ROW_PX = 34;
const LETTER_PX = 6.6;
const NAMES_PX = { least: 48, most: 170 };

/** How wide the names at the left stand: the longest decides, within bounds. */
function roomFor(names: string[]): number {
  const longest = Math.max(0, ...names.map((each) => each.length));
  return Math.min(NAMES_PX.most, Math.max(NAMES_PX.least, Math.ceil(longest * LETTER_PX) + 14));
}

export function Bars<T extends object>({ label, rows, name, series, stacked, onChoose }: Props<T>) {
  const height = 70 + rows.length * (stacked ? ROW_PX : ROW_PX + 12 * series.length);
  return (
    <div role="img" aria-label={label}>
      <ResponsiveContainer width="100%" height={height}>
        <BarChart data={rows} layout="vertical" barCategoryGap={8} accessibilityLayer={false}>
          <CartesianGrid stroke="var(--cv-line)" horizontal={false} />
          <XAxis type="number" allowDecimals={false} tick={TICK} stroke="var(--cv-line-strong)" />
          <YAxis
            type="category"
            dataKey={(row: T) => String(row[name])}
            width={roomFor(rows.map((row) => String(row[name])))}
            tick={TICK}
            stroke="var(--cv-line-strong)"
          />
          <Tooltip cursor={{ fill: "var(--cv-ground)" }} contentStyle={TIP} labelStyle={LABEL} />
          {series.length > 1 ? <Legend formatter={named} itemSorter={null} /> : null}
          {series.map((each) => (
            <Bar
              key={each.key}
              dataKey={(row: T) => Number(row[each.key])}
              name={each.label}
              fill={each.colour}
              isAnimationActive={false}
              {...(onChoose
                ? { cursor: "pointer", onClick: (bar) => onChoose(bar.payload as T) }
                : {})}
              {...(stacked ? { stackId: "all" } : {})}
            />
          ))}
        </BarChart>
      </ResponsiveContainer>
    </div>
  );
}
