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

type Places = Map<string, { x: number; y: number }>;
const COLUMNS_PX = 84;
const NEXT = 1.5 * WIDTH + COLUMNS_PX;

/** Whether a move leads past other stages, or back: its line would run behind them. */
export function goesAround(places: Places, from: string, to: string): boolean {
  const across = (places.get(to)?.x ?? 0) - (places.get(from)?.x ?? 0);
  return across <= 0 || across > NEXT;
}

/**
 * Where each stage is drawn: left to right along the moves, those on the way and those that end well in the upper row,
 * those that end badly below, where the lines that pass others come along.
 */
export function placesOf(stages: Stage[]): Places {
  const whole = laidOut(stages);
  const upper = laidOut(stages.filter((stage) => !endsBadly(stage)));
  const lowest = Math.max(0, ...[...upper.values()].map(({ y }) => y));
  const below = new Map<number, number>();
  return new Map(
    stages.map((stage) => {
      const { x = 0 } = whole.get(stage.name) ?? {};
      if (!endsBadly(stage)) return [stage.name, { x, y: upper.get(stage.name)?.y ?? 0 }];
      const row = (below.get(x) ?? 0) + 1;
      below.set(x, row);
      return [stage.name, { x, y: lowest + row * (HEIGHT + ROWS_PX) }];
    }),
  );
}

const ROWS_PX = 48;
const endsBadly = (stage: Stage) => stage.destination === "failure";

function laidOut(stages: Stage[]): Places {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 34, ranksep: COLUMNS_PX });
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
