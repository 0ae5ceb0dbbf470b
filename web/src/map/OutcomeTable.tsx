import { Text } from "@mantine/core";
import type { Outcomes } from "../api/types";
import { heldLine, outcomeWord, reasonWord } from "../journeys/words";
import { formatNumber, formatShare } from "../shell/format";
import { LinkTo } from "../shell/LinkTo";
import shell from "../shell/shell.module.css";
import { executions, type OutcomeRow } from "./counts";
import classes from "./map.module.css";

type Props = {
  rows: OutcomeRow[];
  /** What holds those that are pending. */
  held?: Outcomes["held"] | undefined;
  /** Where the number of an outcome, or of one of its reasons, leads. */
  to?: (outcome: string, reason?: string) => string;
};

/** Outcomes with their reasons, as numbers and shares of all executions; of the pending, what holds them. */
export function OutcomeTable({ rows, held = [], to }: Props) {
  const all = executions(rows);
  const number = (count: number, outcome: string, reason?: string) =>
    to && count > 0 ? (
      <LinkTo className={shell.numberLink} to={to(outcome, reason)}>
        {formatNumber(count)}
      </LinkTo>
    ) : (
      <span>{formatNumber(count)}</span>
    );
  return (
    <ul className={classes.outcomes}>
      {rows.map((row) => (
        <li key={row.kind}>
          <span className={classes.outcomeLine}>
            <span className={classes.swatch} data-outcome={row.kind} aria-hidden />
            <Text span inherit fw={600} style={{ flex: 1 }}>
              {outcomeWord(row.kind)}
            </Text>
            {number(row.count, row.kind)}
            <Text span inherit c="dimmed" className={classes.share}>
              {formatShare(row.count, all)}
            </Text>
          </span>
          {row.reasons.map(([reason, count]) => (
            <span key={reason} className={classes.reasonLine}>
              <span>{reasonWord(reason)}</span>
              {number(count, row.kind, reason)}
            </span>
          ))}
          {row.kind === "pending"
            ? held.map((each) => (
                <span key={each.reason} className={classes.reasonLine}>
                  <span>{heldLine(each)}</span>
                </span>
              ))
            : null}
        </li>
      ))}
    </ul>
  );
}
