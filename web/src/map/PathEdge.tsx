// A path: its line, its chip with label and count, and a runner when somebody takes it.
import { EdgeLabelRenderer, type EdgeProps } from "@xyflow/react";
import { memo } from "react";
import { AddButton } from "../editor/AddMenu";
import { useMaybeEditor } from "../editor/EditorScene";
import { formatNumber } from "../shell/format";
import { strings } from "../strings";
import type { PathCount } from "./graph";
import type { Routed } from "./layout";
import { usePathCount, useRises, useScene } from "./live";
import classes from "./map.module.css";
import { useLinkMark } from "./marks";
import { roundedPath } from "./route";
import { takersOf } from "./shown";

const RADIUS = 12;

export const PathEdge = memo(function PathEdge({ id, data }: EdgeProps) {
  const { published } = useScene();
  const editor = useMaybeEditor();
  const { link, corners, chip } = data as unknown as Routed;
  const count = usePathCount(link.count);
  const rises = useRises(count);
  const mark = useLinkMark(link.id);
  const line = roundedPath(corners, RADIUS);
  return (
    <>
      <path
        className={classes.line}
        data-mark={mark}
        data-idle={published && count === 0 ? true : undefined}
        d={line}
        markerEnd="url(#caravan-arrow)"
      />
      {published && rises > 0 ? (
        <circle
          key={rises}
          r={5}
          className={classes.runner}
          style={{ offsetPath: `path("${line}")` }}
        />
      ) : null}
      <EdgeLabelRenderer>
        {editor && link.outlet !== undefined ? (
          <EditablePath label={link.label} outlet={link.outlet} at={chip} />
        ) : (
          <PathChip
            id={id}
            label={link.label}
            counts={published && link.count ? link.count : undefined}
            count={count ?? 0}
            at={chip}
          />
        )}
      </EdgeLabelRenderer>
    </>
  );
});

/** A path that can be edited carries its label and a plus. */
function EditablePath({
  label,
  outlet,
  at,
}: {
  label: string | null;
  outlet: string;
  at: { x: number; y: number };
}) {
  const name = label ?? outlet.split("/").slice(2, 3).join("");
  return (
    <div
      className={classes.editablePath}
      style={{ transform: `translate(-50%, -50%) translate(${at.x}px, ${at.y}px)` }}
    >
      {label === null ? null : (
        <span className={classes.chip} title={label}>
          <span className={classes.chipLabel}>{label}</span>
        </span>
      )}
      <AddButton
        target={{ kind: "path", at: outlet }}
        label={
          label === null ? strings.editor.add.afterNode(name) : strings.editor.add.onPath(label)
        }
      />
    </div>
  );
}

type ChipProps = {
  id: string;
  label: string | null;
  /** Whom its number counts; none where nothing is counted. */
  counts: PathCount | undefined;
  count: number;
  at: { x: number; y: number };
};

/** The number leads to those who took the path; the outline and the node's panel do for the keyboard. */
function PathChip({ id, label, counts, count, at }: ChipProps) {
  const { open } = useScene();
  if (label === null && counts === undefined) return null;
  const number = counts === undefined ? null : formatNumber(count);
  const words =
    number === null
      ? label
      : label === null
        ? strings.map.passed(number)
        : strings.map.pathCount(number, label);
  return (
    <button
      type="button"
      tabIndex={-1}
      className={classes.chip}
      data-bare={label === null || undefined}
      data-zero={count === 0 || undefined}
      data-path={id}
      aria-label={words ?? undefined}
      title={words ?? undefined}
      disabled={counts === undefined}
      onClick={() => counts && open(counts.node, false, takersOf(counts))}
      style={{
        transform: `translate(-50%, -50%) translate(${at.x}px, ${at.y}px)`,
        position: "absolute",
      }}
    >
      {label === null ? null : <span className={classes.chipLabel}>{label}</span>}
      {number === null ? null : <b data-count="path">{number}</b>}
    </button>
  );
}

/** The arrow chip where a path enters a card; drawn once and used by every path. */
export function ArrowMarker() {
  return (
    <svg className={classes.defs} aria-hidden focusable="false">
      <defs>
        <marker
          id="caravan-arrow"
          viewBox="0 0 18 18"
          refX="14"
          refY="9"
          markerWidth="18"
          markerHeight="18"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <circle cx="9" cy="9" r="7.5" className={classes.arrowChip} />
          <path d="M7.2 5.8 L10.6 9 L7.2 12.2" className={classes.arrowHead} />
        </marker>
      </defs>
    </svg>
  );
}
