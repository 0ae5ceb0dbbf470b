// Parts of a whole as a ring, with the numbers in words below it.
import { Text } from "@mantine/core";
import { Pie, PieChart, ResponsiveContainer } from "recharts";
import { formatNumber, formatShare } from "../shell/format";
import own from "./dashboards.module.css";

export type RingPart = { label: string; count: number; colour: string };

type Props = { label: string; total: string; parts: RingPart[] };

const HEIGHT = 180;

export function Ring({ label, total, parts }: Props) {
  const whole = parts.reduce((sum, part) => sum + part.count, 0);
  return (
    <div>
      <div className={own.ring} role="img" aria-label={label}>
        <ResponsiveContainer width="100%" height={HEIGHT}>
          <PieChart accessibilityLayer={false}>
            <Pie
              data={parts.map(({ colour, ...part }) => ({ ...part, fill: colour }))}
              dataKey="count"
              nameKey="label"
              innerRadius={58}
              outerRadius={80}
              startAngle={90}
              endAngle={-270}
              stroke="none"
              isAnimationActive={false}
            />
          </PieChart>
        </ResponsiveContainer>
        <span className={own.ringTotal}>
          <b>{formatNumber(whole)}</b>
          <span>{total}</span>
        </span>
      </div>
      <ul className={own.legend}>
        {parts.map((part) => (
          <li key={part.label}>
            <span className={own.legendDot} style={{ background: part.colour }} aria-hidden />
            <span>{part.label}</span>
            <b>{formatNumber(part.count)}</b>
            <Text span inherit c="dimmed">
              {formatShare(part.count, whole)}
            </Text>
          </li>
        ))}
      </ul>
    </div>
  );
}
