// One node of the map: tile, title, subject, facts, counts, outcomes.
import { Building2, User } from "lucide-react";
import { memo, type ReactNode } from "react";
import type { PlaceOfTraveller } from "../api/queries";
import type { Fact, MapNode, NodeStatus } from "../api/types";
import { formatNumber } from "../shell/format";
import { strings } from "../strings";
import { FindingBadge } from "./FindingBadge";
import { iconOf } from "./icons";
import { isBeside, useNodeStatus, useRises, useScene } from "./live";
import classes from "./map.module.css";
import { useNodeMark } from "./marks";
import { OutcomeBar } from "./OutcomeBar";

/** The whole card; `children` is what a box adds below. */
export function CardFace({
  node,
  selected,
  children,
}: {
  node: MapNode;
  selected?: boolean;
  children?: ReactNode;
}) {
  const { open, published } = useScene();
  const status = useNodeStatus(node.id);
  const mark = useNodeMark(node.id);
  return (
    <div
      className={classes.card}
      data-card={node.id}
      data-mark={mark}
      data-family={node.family}
      data-selected={selected || undefined}
    >
      <FindingBadge node={node.id} />
      {mark ? <span className={classes.mark}>{strings.history.marks[mark]}</span> : null}
      {published ? <Pulse value={status?.reached} /> : null}
      <button
        type="button"
        className={classes.cardHead}
        aria-label={strings.map.node(node.title, node.subtitle)}
        aria-pressed={selected ?? false}
        onClick={(event) => open(node.id, isBeside(event))}
      >
        <Tile node={node} />
        <span className={classes.cardText}>
          <span className={classes.cardTitle}>{node.title}</span>
          <span className={classes.cardSubtitle}>
            {node.subject === "person" ? (
              <User size={12} aria-hidden />
            ) : (
              <Building2 size={12} aria-hidden />
            )}
            {node.subtitle}
          </span>
        </span>
      </button>
      {node.facts.length > 0 ? <CardFacts facts={node.facts} /> : null}
      {published ? <CardCounts node={node.id} status={status} /> : null}
      {published && node.family === "action" ? (
        <OutcomeBar title={node.title} outcomes={status?.outcomes} />
      ) : null}
      {children}
    </div>
  );
}

export const Card = memo(CardFace);

export function Tile({ node, small }: { node: Parameters<typeof iconOf>[0]; small?: boolean }) {
  const Icon = iconOf(node);
  return (
    <span
      className={classes.tile}
      data-family={node.family}
      data-small={small || undefined}
      aria-hidden
    >
      <Icon size={small ? 15 : 19} />
    </span>
  );
}

function CardFacts({ facts }: { facts: Fact[] }) {
  return (
    <dl className={classes.cardFacts}>
      {facts.slice(0, 3).map((fact) => (
        <div key={fact.label} className={classes.fact} title={`${fact.label}: ${fact.value}`}>
          <dt>{fact.label}:</dt>
          <dd>{fact.value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Who came and who is here; each number leads to them. The panel of the card does the same for the keyboard. */
function CardCounts({ node, status }: { node: string; status: NodeStatus | undefined }) {
  const { subject, open } = useScene();
  const { reached, current } = status ?? {};
  const lead = (show: PlaceOfTraveller) => ({
    type: "button" as const,
    tabIndex: -1,
    className: classes.count,
    onClick: () => open(node, false, { show }),
  });
  return (
    <div className={classes.counts}>
      <button {...lead("reached")}>
        {strings.subjects.entered[subject]} <b data-count="reached">{formatNumber(reached)}</b>
      </button>
      <button {...lead("current")} data-here={current ? true : undefined}>
        <b data-count="current">{formatNumber(current)}</b> {strings.subjects.atStep}
      </button>
    </div>
  );
}

/** A ring that runs out from the card whenever somebody arrives. */
function Pulse({ value }: { value: number | undefined }) {
  const rises = useRises(value);
  return rises > 0 ? <span key={rises} className={classes.pulse} aria-hidden /> : null;
}
