// Buying groups counted by stage and by score, with the words under which a chart shows them. No React in here.
import type { GroupFigures } from "../api/types";
import { strings } from "../strings";

const text = strings.dashboards.groups;

export type Counted = { name: string; groups: number };
export type CountedStage = Counted & { stage: string | null };

/** In the order of the model; stages that it has no more, and no stage, behind them. */
export function byStage(counted: GroupFigures["stages"], stages: string[]): CountedStage[] {
  const named = (stage: string | null, groups: number) => ({
    stage,
    name: stage ?? text.noStage,
    groups,
  });
  const of = (stage: string) => counted.find((each) => each.stage === stage)?.groups ?? 0;
  const others = counted.filter(({ stage }) => !stage || !stages.includes(stage));
  return [
    ...stages.map((stage) => named(stage, of(stage))),
    ...others.map(({ stage, groups }) => named(stage ?? null, groups)),
  ];
}

/** Groups without the score are a bar only when there are any. */
export function byBand(bands: GroupFigures["completeness"]): Counted[] {
  return bands
    .filter(({ from, groups }) => from != null || groups > 0)
    .map(({ from, to, groups }) => ({
      name: from == null || to == null ? text.noScore : text.band(from, to),
      groups,
    }));
}
