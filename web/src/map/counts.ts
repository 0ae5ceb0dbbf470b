// Numbers read out of a journey's status. Everything shown on the map comes through here.
import type { JourneyStatus, NodeStatus, Outcomes } from "../api/types";
import type { PathCount } from "./graph";

/** How many took one path, or undefined while nothing is known of its node. */
export function pathCount(status: JourneyStatus, count: PathCount): number | undefined {
  const node = status.nodes[count.node];
  if (!node) return undefined;
  if (count.kind === "labelled") return node.paths[count.path] ?? (count.onlyEnd ? node.ended : 0);
  const labelled = count.less.reduce((sum, path) => sum + (node.paths[path] ?? 0), 0);
  return Math.max(0, (count.kind === "onward" ? node.left : node.ended) - labelled);
}

/** The law of every node: reached = left + current + ended. */
export const closes = (node: NodeStatus) => node.reached === node.left + node.current + node.ended;

const total = (reasons: Record<string, number>) =>
  Object.values(reasons).reduce((sum, n) => sum + n, 0);

export type OutcomeKind = "done" | "no_op" | "skipped" | "failed" | "in_doubt" | "pending";
export type OutcomeRow = { kind: OutcomeKind; count: number; reasons: [string, number][] };

/** An action's executions by outcome, most telling reasons first; kinds that never happened are left out. */
export function outcomeRows(outcomes: Outcomes): OutcomeRow[] {
  const byReason = (kind: OutcomeKind, reasons: Record<string, number>): OutcomeRow => ({
    kind,
    count: total(reasons),
    reasons: Object.entries(reasons).sort((a, b) => b[1] - a[1]),
  });
  const plain = (kind: OutcomeKind, count: number): OutcomeRow => ({ kind, count, reasons: [] });
  return [
    plain("done", outcomes.done),
    byReason("no_op", outcomes.no_op),
    byReason("skipped", outcomes.skipped),
    byReason("failed", outcomes.failed),
    plain("in_doubt", outcomes.in_doubt),
    plain("pending", outcomes.pending),
  ].filter((row) => row.count > 0);
}

export const executions = (rows: OutcomeRow[]) => rows.reduce((sum, row) => sum + row.count, 0);
