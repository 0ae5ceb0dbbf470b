// Stages and moves as a graph, and what may be done with them. No React in here.
import dagre from "@dagrejs/dagre";
import { type Fields, isRecord } from "../editor/manifest";

export type Stage = Fields & { name: string };
export const WIDTH = 168;
export const HEIGHT = 58;

export const stagesOf = (body: Fields): Stage[] =>
  (Array.isArray(body.stages) ? body.stages : [])
    .filter(isRecord)
    .map((stage) => ({ ...stage, name: String(stage.name ?? "") }));

export const movesOf = (stage: Stage): string[] =>
  Array.isArray(stage.to) ? stage.to.map(String) : [];

/** A stage without the fields that were emptied. */
function trimmed(stage: Stage): Stage {
  const kept = Object.entries(stage).filter(
    ([, value]) =>
      value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0),
  );
  return { name: stage.name, ...Object.fromEntries(kept) };
}

/** One stage changed; a new name is carried into the moves that lead to it. */
export function withStage(stages: Stage[], at: number, change: Partial<Stage>): Stage[] {
  const old = stages[at];
  if (!old) return stages;
  const next = trimmed({ ...old, ...change });
  return stages.map((stage, n) =>
    n === at ? renamed(next, old.name, next.name) : renamed(stage, old.name, next.name),
  );
}

function renamed(stage: Stage, from: string, to: string): Stage {
  if (from === to || !movesOf(stage).includes(from)) return stage;
  return { ...stage, to: movesOf(stage).map((each) => (each === from ? to : each)) };
}

export function withoutStage(stages: Stage[], at: number): Stage[] {
  const gone = stages[at]?.name;
  return stages
    .filter((_, n) => n !== at)
    .map((stage) => trimmed({ ...stage, to: movesOf(stage).filter((each) => each !== gone) }));
}

/** Allows a move once; a stage does not lead to itself. */
export function connected(stages: Stage[], from: string, to: string): Stage[] {
  return stages.map((stage) =>
    stage.name !== from || from === to || movesOf(stage).includes(to)
      ? stage
      : { ...stage, to: [...movesOf(stage), to] },
  );
}

export function disconnected(stages: Stage[], from: string, to: string): Stage[] {
  return stages.map((stage) =>
    stage.name === from
      ? trimmed({ ...stage, to: movesOf(stage).filter((each) => each !== to) })
      : stage,
  );
}

/** A name that no stage has yet. */
export function freshName(stages: Stage[], wish: (n: number) => string): string {
  for (let n = stages.length + 1; ; n++) {
    const name = wish(n);
    if (!stages.some((stage) => stage.name.toLowerCase() === name.toLowerCase())) return name;
  }
}

/** Where each stage is drawn, left to right along the moves. */
export function placesOf(stages: Stage[]): Map<string, { x: number; y: number }> {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 34, ranksep: 84 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { name } of stages) graph.setNode(name, { width: WIDTH, height: HEIGHT });
  for (const stage of stages)
    for (const to of movesOf(stage)) if (graph.hasNode(to)) graph.setEdge(stage.name, to);
  dagre.layout(graph);
  return new Map(
    stages.map(({ name }) => {
      const { x, y } = graph.node(name);
      return [name, { x: x - WIDTH / 2, y: y - HEIGHT / 2 }];
    }),
  );
}
