// Buying groups counted by stage and by how complete they are. No React in here.
import type { GroupRow } from "../api/types";
import { strings } from "../strings";

const text = strings.dashboards.groups;
const BANDS = [
  [0, 24],
  [25, 49],
  [50, 74],
  [75, 100],
] as const;

export type Counted = { name: string; groups: number };
type Scored = Pick<GroupRow, "stage" | "completeness">;

export function byStage(groups: Scored[], stages: string[]): Counted[] {
  const names = [...stages, text.noStage];
  const counts = new Map(names.map((name) => [name, 0]));
  for (const { stage } of groups) {
    const name = stage ?? text.noStage;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => ({ name, groups: count }));
}

/** By the exact score; groups that no role is required of are in none. */
export function byCompleteness(groups: Scored[]): Counted[] {
  return BANDS.map(([from, to]) => ({
    name: text.band(from, to),
    groups: groups.filter(
      ({ completeness: it }) => it != null && it >= from && (to === 100 || it < to + 1),
    ).length,
  }));
}
