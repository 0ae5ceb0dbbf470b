import { Text } from "@mantine/core";
import { outcomeWord, reasonWord } from "../journeys/words";
import { formatNumber, formatShare } from "../shell/format";
import { executions, type OutcomeRow } from "./counts";
import classes from "./map.module.css";

/** Outcomes with their reasons, as numbers and shares of all executions. */
export function OutcomeTable({ rows }: { rows: OutcomeRow[] }) {
  const all = executions(rows);
  return (
    <ul className={classes.outcomes}>
      {rows.map((row) => (
        <li key={row.kind}>
          <span className={classes.outcomeLine}>
            <span className={classes.swatch} data-outcome={row.kind} aria-hidden />
            <Text span inherit fw={600} style={{ flex: 1 }}>
              {outcomeWord(row.kind)}
            </Text>
            <span>{formatNumber(row.count)}</span>
            <Text span inherit c="dimmed" className={classes.share}>
              {formatShare(row.count, all)}
            </Text>
          </span>
          {row.reasons.map(([reason, count]) => (
            <span key={reason} className={classes.reasonLine}>
              <span>{reasonWord(reason)}</span>
              <span>{formatNumber(count)}</span>
            </span>
          ))}
        </li>
      ))}
    </ul>
  );
}
