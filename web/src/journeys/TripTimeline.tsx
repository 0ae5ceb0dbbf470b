import { Text, UnstyledButton } from "@mantine/core";
import { Flag, LogIn, type LucideIcon, MoveRight, TriangleAlert } from "lucide-react";
import { useState } from "react";
import type { JourneyMap, PersonOutcome, TripItem } from "../api/types";
import { nodeOf } from "../map/graph";
import { iconOf } from "../map/icons";
import { formatInstant } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { Moment } from "../shell/Moment";
import { prose } from "../shell/Prose";
import shell from "../shell/shell.module.css";
import { strings } from "../strings";
import classes from "./journeys.module.css";
import { endWord, heldWord, outcomeWord, pathWord, reasonWord } from "./words";

const text = strings.trip;
const FEW = 8;

const ICONS: Record<string, LucideIcon> = {
  entered: LogIn,
  moved: MoveRight,
  ended: Flag,
  problem: TriangleAlert,
};

export function TripTimeline({ items, map }: { items: TripItem[]; map: JourneyMap | undefined }) {
  return (
    <ol className={shell.timeline}>
      {items.map((item, index) => (
        <Entry
          // biome-ignore lint/suspicious/noArrayIndexKey: a trip's past never changes order
          key={index}
          item={item}
          node={item.node ? nodeOf(map, item.node) : undefined}
        />
      ))}
    </ol>
  );
}

type EntryProps = { item: TripItem; node: ReturnType<typeof nodeOf> };

function Entry({ item, node }: EntryProps) {
  const Icon = ICONS[item.kind] ?? (node ? iconOf(node) : MoveRight);
  return (
    <li className={shell.event}>
      <span
        className={shell.eventIcon}
        data-tone={item.kind === "problem" ? "failed" : node?.family}
        aria-hidden
      >
        <Icon size={14} />
      </span>
      <div className={shell.eventBody}>
        <Text span inherit c="dimmed">
          {text.kinds[item.kind] ?? item.kind}{" "}
        </Text>
        <Text span inherit fw={600}>
          {item.kind === "entered" ? null : (item.title ?? node?.title ?? item.node)}
        </Text>
        <Note item={item} />
        {item.outcomes && item.outcomes.length > 0 ? <Outcomes outcomes={item.outcomes} /> : null}
      </div>
      <div className={shell.eventTime}>
        <Moment at={item.at} />
      </div>
    </li>
  );
}

/** How the trip ended, or which path it took, and what more there is to say. */
function Note({ item }: { item: TripItem }) {
  if (item.kind === "ended") {
    return (
      <Text size="xs" c="dimmed">
        {endWord(item.path ?? item.detail)}
        {item.why ? <> – {prose(item.why.text)}</> : null}
      </Text>
    );
  }
  return (
    <>
      {item.why ? (
        <Text size="xs" c="dimmed">
          {prose(item.why.text)}
        </Text>
      ) : null}
      {item.path ? <Text size="xs">{text.tookPath(pathWord(item.path))}</Text> : null}
      {item.detail ? (
        <Text size="xs" c="dimmed">
          {item.detail ? prose(item.detail) : null}
        </Text>
      ) : null}
    </>
  );
}

/** Why it came to that; of what has not left yet, what holds it. */
const reasonOf = ({ outcome }: PersonOutcome, reason: string) =>
  outcome === "pending" && Object.hasOwn(strings.held.by, reason)
    ? heldWord(reason)
    : reasonWord(reason).toLowerCase();

/** What the action came to for each person, with the reason where it did not happen. */
function Outcomes({ outcomes }: { outcomes: PersonOutcome[] }) {
  const [all, setAll] = useState(false);
  const shown = all ? outcomes : outcomes.slice(0, FEW);
  return (
    <>
      <ul className={classes.personOutcomes}>
        {shown.map((outcome, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: outcomes of one step never change order
          <li key={index}>
            <span className={classes.outcomeDot} data-outcome={outcome.outcome} aria-hidden />
            <span>
              {outcome.person ? (
                <LinkTo to={at("/people", outcome.person.key)}>
                  {outcome.person.name || outcome.person.key}
                </LinkTo>
              ) : (
                outcome.address
              )}{" "}
              {outcomeWord(outcome.outcome)}
              {outcome.reason ? `: ${reasonOf(outcome, outcome.reason)}` : ""}
              {outcome.until ? strings.held.until(formatInstant(outcome.until)) : ""}
              {outcome.message ? (
                <Text span inherit c="dimmed">
                  {" "}
                  – {prose(outcome.message)}
                </Text>
              ) : null}
            </span>
          </li>
        ))}
      </ul>
      {outcomes.length > shown.length ? (
        <UnstyledButton className={classes.allPeople} onClick={() => setAll(true)}>
          {text.allPeople(outcomes.length)}
        </UnstyledButton>
      ) : null}
    </>
  );
}
