import { Text, UnstyledButton } from "@mantine/core";
import { Flag, LogIn, type LucideIcon, MoveRight, TriangleAlert } from "lucide-react";
import { useState } from "react";
import type { JourneyMap, MapNode, PersonOutcome, TripItem } from "../api/types";
import { iconOf } from "../map/icons";
import { formatInstant } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { Moment } from "../shell/Moment";
import shell from "../shell/shell.module.css";
import { strings } from "../strings";
import classes from "./journeys.module.css";
import { endWord, outcomeWord, pathWord, reasonWord } from "./words";

const text = strings.trip;
const FEW = 8;

const ICONS: Record<string, LucideIcon> = {
  entered: LogIn,
  moved: MoveRight,
  ended: Flag,
  problem: TriangleAlert,
};

export function TripTimeline({ items, map }: { items: TripItem[]; map: JourneyMap | undefined }) {
  const nodes = new Map(map?.nodes.map((node) => [node.id, node]));
  return (
    <ol className={shell.timeline}>
      {items.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a trip's past never changes order
        <Entry key={index} item={item} node={item.node ? nodes.get(item.node) : undefined} />
      ))}
    </ol>
  );
}

function Entry({ item, node }: { item: TripItem; node: MapNode | undefined }) {
  const Icon = ICONS[item.kind] ?? (node ? iconOf(node) : MoveRight);
  const title = item.kind === "entered" ? null : (item.title ?? node?.title ?? item.node);
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
          {title}
        </Text>
        {item.path ? <Text size="xs">{text.tookPath(pathWord(item.path))}</Text> : null}
        {item.detail ? (
          <Text size="xs" c="dimmed">
            {item.kind === "ended" ? endWord(item.detail) : item.detail}
          </Text>
        ) : null}
        {item.outcomes && item.outcomes.length > 0 ? <Outcomes outcomes={item.outcomes} /> : null}
      </div>
      <div className={shell.eventTime} title={formatInstant(item.at)}>
        <Moment at={item.at} />
      </div>
    </li>
  );
}

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
              ) : null}{" "}
              {outcomeWord(outcome.outcome)}
              {outcome.reason ? `: ${reasonWord(outcome.reason).toLowerCase()}` : ""}
              {outcome.message ? (
                <Text span inherit c="dimmed">
                  {" "}
                  – {outcome.message}
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
