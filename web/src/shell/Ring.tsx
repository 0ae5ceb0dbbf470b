// Parts of a whole as a ring, with the numbers in words beside it.
import { Text } from "@mantine/core";
import { formatNumber, formatShare } from "./format";
import { LinkTo } from "./LinkTo";
import { arcsOf, type RingPart } from "./ring";
import own from "./ring.module.css";
import shell from "./shell.module.css";

const SIZE = 168;
const RADIUS = 68;
const AROUND = 2 * Math.PI * RADIUS;

type Props = {
  whole: number;
  /** What the whole counts. */
  total: string;
  parts: RingPart[];
};

export function Ring({ whole, total, parts }: Props) {
  return (
    <div className={own.row}>
      <div className={own.ring}>
        <svg
          width={SIZE}
          height={SIZE}
          viewBox={`0 0 ${SIZE} ${SIZE}`}
          aria-hidden
          focusable="false"
        >
          <g fill="none" strokeWidth="20" transform={`rotate(-90 ${SIZE / 2} ${SIZE / 2})`}>
            <circle cx={SIZE / 2} cy={SIZE / 2} r={RADIUS} stroke="var(--cv-line)" />
            {arcsOf(parts, whole).map((arc) => (
              <circle
                key={arc.label}
                cx={SIZE / 2}
                cy={SIZE / 2}
                r={RADIUS}
                className={own.arc}
                stroke={arc.colour}
                strokeDasharray={`${arc.share * AROUND} ${AROUND}`}
                strokeDashoffset={-arc.offset * AROUND}
              />
            ))}
          </g>
        </svg>
        <span className={own.total}>
          <b>{formatNumber(whole)}</b>
          <span>{total}</span>
        </span>
      </div>
      <ul className={own.legend}>
        {parts.map(({ label, count, colour, to }) => (
          <li key={label}>
            <span className={own.dot} style={{ background: colour }} aria-hidden />
            <span>{label}</span>
            <b>
              {to ? (
                <LinkTo className={shell.numberLink} to={to}>
                  {formatNumber(count)}
                </LinkTo>
              ) : (
                formatNumber(count)
              )}
            </b>
            <Text span inherit c="dimmed">
              {formatShare(count, whole)}
            </Text>
          </li>
        ))}
      </ul>
    </div>
  );
}
