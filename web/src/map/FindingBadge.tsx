// The badge at a card's corner: how many things stand against it, and the first of them on hover.
import { Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { findingsQuery } from "../api/queries";
import { useMaybeEditor } from "../editor/EditorScene";
import classes from "../editor/editor.module.css";
import { inReadersZone } from "../shell/format";
import { strings } from "../strings";
import { useScene } from "./live";

/** Only in an editor; there the editor itself keeps the findings fresh. */
export function FindingBadge({ node }: { node: string }) {
  return useMaybeEditor() ? <Badge node={node} /> : null;
}

function Badge({ node }: { node: string }) {
  const { journey } = useScene();
  const { data } = useQuery({
    ...findingsQuery(journey),
    enabled: false,
    select: ({ items }) =>
      items
        .filter((finding) => (finding.node ?? placeOf(finding.pointer)) === node)
        .map(({ severity, message }) => ({ severity, message: inReadersZone(message) })),
  });
  const [first] = data ?? [];
  if (!data || !first) return null;
  const errors = data.filter((finding) => finding.severity === "error").length;
  const label = `${strings.editor.tools.problems(data.length)}: ${first.message}`;
  return (
    <Tooltip label={first.message} multiline maw={320} withinPortal>
      <span
        className={classes.badge}
        role="img"
        aria-label={label}
        data-severity={errors > 0 ? "error" : "warning"}
      >
        {data.length}
      </span>
    </Tooltip>
  );
}

const placeOf = (pointer: string) => (pointer.startsWith("/audience") ? "audience" : undefined);
