// What is drawn: the API's map with its round ends made explicit. No coordinates here.
import type { JourneyMap, MapEdge, MapNode } from "../api/types";

/** A map whose paths may say where in the manifest they stand, so that they can be edited. */
export type DrawnMap = Omit<JourneyMap, "edges"> & { edges: (MapEdge & { at?: string })[] };

export type Item =
  | { id: string; type: "play" }
  | { id: string; type: "stop"; of: string }
  | { id: string; type: "card" | "box"; node: MapNode };

export type Link = {
  id: string;
  source: string;
  target: string;
  label: string | null;
  /** Where its number stands in the journey's status; the first link has none. */
  count: PathCount | null;
  /** JSON pointer of the path in the manifest, where it can be edited. */
  outlet?: string | undefined;
};

/**
 * `labelled`: one key of `paths`; `onward` and `ending`: what is left of `left` and `ended` beside the labelled
 * ones. `onlyEnd`: the only way out of the journey here, so that whoever ended here took it.
 */
export type PathCount =
  | { node: string; kind: "labelled"; path: string; onlyEnd: boolean }
  | { node: string; kind: "onward" | "ending"; less: string[] };

export const PLAY = "start:";
const stopOf = (node: string, path: string | null) => `stop:${node}:${path ?? ""}`;

export function graphOf(map: DrawnMap): { items: Item[]; links: Link[] } {
  const items: Item[] = map.nodes.map((node) => ({
    id: node.id,
    type: node.box ? "box" : "card",
    node,
  }));
  const known = new Set(map.nodes.map((node) => node.id));
  const edges = map.edges.filter(
    (edge) => known.has(edge.from) && (edge.to == null || known.has(edge.to)),
  );
  const entered = new Set(edges.map((edge) => edge.to));
  const links: Link[] = [];

  if (map.nodes.length > 0) items.unshift({ id: PLAY, type: "play" });
  for (const node of map.nodes.filter((each) => !entered.has(each.id))) {
    links.push({
      id: `${PLAY}>${node.id}`,
      source: PLAY,
      target: node.id,
      label: null,
      count: null,
    });
  }
  for (const edge of edges) {
    const path = edge.path ?? null;
    const target = edge.to ?? stopOf(edge.from, path);
    if (edge.to == null) items.push({ id: target, type: "stop", of: edge.from });
    links.push({
      id: `${edge.from}>${target}:${path ?? ""}`,
      source: edge.from,
      target,
      label: edge.label ?? null,
      count: countOf(edge.from, path, edge.to == null, edges),
      outlet: edge.at,
    });
  }
  for (const node of map.nodes.filter((each) => each.ends)) {
    if (edges.some((edge) => edge.from === node.id && edge.to == null)) continue;
    const target = stopOf(node.id, null);
    items.push({ id: target, type: "stop", of: node.id });
    links.push({
      id: `${node.id}>${target}`,
      source: node.id,
      target,
      label: null,
      count: { node: node.id, kind: "ending", less: [] },
    });
  }
  return { items, links };
}

function countOf(
  node: string,
  path: string | null,
  ending: boolean,
  edges: JourneyMap["edges"],
): PathCount {
  if (path !== null) {
    const ends = edges.filter((edge) => edge.from === node && edge.to == null);
    return { node, kind: "labelled", path, onlyEnd: ending && ends.length === 1 };
  }
  const less = edges
    .filter((edge) => edge.from === node && edge.path != null && (edge.to == null) === ending)
    .map((edge) => edge.path as string);
  return { node, kind: ending ? "ending" : "onward", less };
}

/** Version 0, or none, is the draft. */
export const isPublished = (map: JourneyMap) => (map.version ?? 0) > 0;

/** What a card says of a node, or of an action inside a box. */
type Said = Pick<MapNode, "title" | "icon" | "family"> & { kind?: string };

/** The node of this id, or the action inside a box; none where the map does not know it. */
export function nodeOf(map: DrawnMap | undefined, id: string): Said | undefined {
  const node = map?.nodes.find((each) => each.id === id);
  if (node) return node;
  const action = boxOf(map, id)
    ?.box?.flatMap(({ actions }) => actions)
    .find((each) => each.id === id);
  return action && { title: action.title, icon: action.icon, family: "action" };
}

/** The title of a node, or of an action inside a box; its id where the map does not know it. */
export const titleOf = (map: DrawnMap | undefined, id: string) => nodeOf(map, id)?.title ?? id;

/** The box that holds an action. */
export const boxOf = (map: DrawnMap | undefined, id: string | undefined) =>
  map?.nodes.find((node) =>
    node.box?.some(({ actions }) => actions.some((action) => action.id === id)),
  );
