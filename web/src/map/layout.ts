// Where everything stands: dagre places the cards, `route.ts` draws the paths between them.
import { graphlib, layout } from "@dagrejs/dagre";
import type { Item, Link } from "./graph";
import { type Column, orthogonal, type Point } from "./route";
import { CHIP_HEIGHT, chipWidth, type Size } from "./size";

export type Direction = "horizontal" | "vertical";
export type Placed = Size & { item: Item; x: number; y: number };
export type Routed = { link: Link; corners: Point[]; chip: Point };
export type Drawing = {
  direction: Direction;
  nodes: Placed[];
  links: Routed[];
  width: number;
  height: number;
};

const BESIDE = 34;
const BETWEEN = 46;

/**
 * Lays the graph out from left to right or top to bottom. Everything is computed along a *main* and a
 * *cross* axis (as if left to right) and turned at the end, so that both directions obey the same rules.
 */
export function layoutGraph(
  items: Item[],
  links: Link[],
  size: (item: Item) => Size,
  direction: Direction,
): Drawing {
  const turned = direction === "vertical";
  const graph = new graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: BESIDE, edgesep: 18, ranksep: BETWEEN });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const item of items) {
    const { width, height } = size(item);
    graph.setNode(item.id, turned ? { width: height, height: width } : { width, height });
  }
  for (const link of links) {
    const width = chipWidth(link.label, link.outlet !== undefined);
    const chip = turned ? { width: CHIP_HEIGHT, height: width } : { width, height: CHIP_HEIGHT };
    graph.setEdge(link.source, link.target, { ...chip, labelpos: "c" }, link.id);
  }
  layout(graph);

  const columns = columnsOf(graph);
  const turn = (point: Point): Point => (turned ? { x: point.y, y: point.x } : point);
  const nodes = items.map((item): Placed => {
    const at = graph.node(item.id);
    const corner = turn({ x: at.x - at.width / 2, y: at.y - at.height / 2 });
    return { item, ...corner, ...size(item) };
  });
  const routed = links.map((link): Routed => {
    const edge = graph.edge({ v: link.source, w: link.target, name: link.id });
    const from = graph.node(link.source);
    const to = graph.node(link.target);
    const ports: [Point, Point] = [
      { x: from.x + from.width / 2, y: from.y },
      { x: to.x - to.width / 2, y: to.y },
    ];
    const chip = { x: edge.x ?? ports[0].x, y: edge.y ?? ports[0].y };
    const route = orthogonal(ports, edge.points.slice(1, -1), chip, columns);
    return { link, corners: route.corners.map(turn), chip: turn(route.chip) };
  });
  const { width = 0, height = 0 } = graph.graph();
  return {
    direction,
    nodes,
    links: routed,
    ...(turned ? { width: height, height: width } : { width, height }),
  };
}

/** The stretch of the main axis that each rank of cards covers; paths bend only between these. */
function columnsOf(graph: graphlib.Graph): Column[] {
  const columns = new Map<number, Column>();
  for (const id of graph.nodes()) {
    const { x, width } = graph.node(id);
    const centre = Math.round(x);
    const column = columns.get(centre) ?? { centre, left: x, right: x };
    columns.set(centre, {
      centre,
      left: Math.min(column.left, x - width / 2),
      right: Math.max(column.right, x + width / 2),
    });
  }
  return [...columns.values()];
}

export type Viewport = { x: number; y: number; zoom: number };

const READABLE = 0.7;
const MARGIN = 32;

/** The first look at a map: all of it where that is readable, else its beginning at a readable size. */
export function openingViewport(drawing: Drawing, pane: Size): Viewport {
  const fit = Math.min(
    (pane.width - 2 * MARGIN) / Math.max(1, drawing.width),
    (pane.height - 2 * MARGIN) / Math.max(1, drawing.height),
  );
  const zoom = Math.min(1, Math.max(READABLE, fit));
  const middle = (whole: number, part: number) => (whole - part * zoom) / 2;
  const play = drawing.nodes.find((node) => node.item.type === "play");
  const across = drawing.direction === "horizontal";
  const x = middle(pane.width, drawing.width);
  const y = middle(pane.height, drawing.height);
  if (fit >= READABLE || !play) return { x, y, zoom };
  return across
    ? { x: Math.max(x, MARGIN), y: pane.height / 2 - (play.y + play.height / 2) * zoom, zoom }
    : { x: pane.width / 2 - (play.x + play.width / 2) * zoom, y: Math.max(y, MARGIN), zoom };
}
