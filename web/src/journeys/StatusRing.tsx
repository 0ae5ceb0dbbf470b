import { Text } from "@mantine/core";
import type { JourneyStatus } from "../api/types";
import { formatNumber, formatShare } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import shell from "../shell/shell.module.css";
import { strings } from "../strings";
import classes from "./journeys.module.css";
import { ringParts } from "./ring";

const SIZE = 168;
const RADIUS = 68;
const AROUND = 2 * Math.PI * RADIUS;

/** All who entered, by where they are now: inside, completed, or how they ended early. */
export function StatusRing({
  journey,
  travellers,
}: Pick<JourneyStatus, "travellers"> & { journey: string }) {
  const entered = travellers.entered ?? 0;
  const parts = ringParts(travellers);
  return (
    <div className={classes.ringRow}>
      <div className={classes.ring}>
        <svg
          width={SIZE}
          height={SIZE}
          viewBox={`0 0 ${SIZE} ${SIZE}`}
          aria-hidden
          focusable="false"
        >
          <g fill="none" strokeWidth="20" transform={`rotate(-90 ${SIZE / 2} ${SIZE / 2})`}>
            <circle cx={SIZE / 2} cy={SIZE / 2} r={RADIUS} stroke="var(--cv-line)" />
            {parts.map((part) => (
              <circle
                key={part.state}
                cx={SIZE / 2}
                cy={SIZE / 2}
                r={RADIUS}
                data-state={part.state}
                className={classes.arc}
                strokeDasharray={`${part.share * AROUND} ${AROUND}`}
                strokeDashoffset={-part.offset * AROUND}
              />
            ))}
          </g>
        </svg>
        <span className={classes.ringTotal}>
          <b>{formatNumber(entered)}</b>
          <span>{strings.overview.entered}</span>
        </span>
      </div>
      <ul className={classes.legend}>
        {parts.map((part) => (
          <li key={part.state}>
            <span className={classes.legendDot} data-state={part.state} aria-hidden />
            <span>{strings.travellerStates[part.state] ?? part.state}</span>
            <b>
              <LinkTo
                className={shell.numberLink}
                to={`${at("/journeys", journey)}/travellers${part.state === "active" ? "" : "?state=ended"}`}
              >
                {formatNumber(part.count)}
              </LinkTo>
            </b>
            <Text span inherit c="dimmed">
              {formatShare(part.count, entered)}
            </Text>
          </li>
        ))}
      </ul>
    </div>
  );
}
