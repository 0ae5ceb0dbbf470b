// The canvas: the laid-out map on React Flow, with pan, zoom, mini-map and keyboard.
import "@xyflow/react/dist/base.css";
import {
  Background,
  type Edge,
  Handle,
  MiniMap,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
  type Viewport,
} from "@xyflow/react";
import { memo, type ReactNode, useMemo, useRef, useState } from "react";
import { strings } from "../strings";
import { Box } from "./Box";
import { Card } from "./Card";
import type { Item } from "./graph";
import { KeepInView } from "./KeepInView";
import { type Drawing, openingViewport, type Placed } from "./layout";
import classes from "./map.module.css";
import { ArrowMarker, PathEdge } from "./PathEdge";
import { useStable } from "./stable";
import { Terminal } from "./Terminal";
import { Toolbar } from "./Toolbar";

type Data = { item: Item; open: boolean; inside: string | undefined };
type FlowNode = Node<Data>;

const MapNodeView = memo(function MapNodeView(props: NodeProps<FlowNode>) {
  const { data, selected, targetPosition, sourcePosition } = props;
  return (
    <>
      <Handle type="target" position={targetPosition ?? Position.Left} className={classes.port} />
      <Face item={data.item} open={data.open} inside={data.inside} selected={selected} />
      <Handle type="source" position={sourcePosition ?? Position.Right} className={classes.port} />
    </>
  );
});

function Face({ item, open, inside, selected }: Data & { selected: boolean }) {
  if (item.type === "play" || item.type === "stop") return <Terminal type={item.type} />;
  if (item.type === "card") return <Card node={item.node} selected={selected} />;
  return <Box node={item.node} open={open} selected={selected} selectedInside={inside} />;
}

const NODE_TYPES = { map: MapNodeView };
const EDGE_TYPES = { path: PathEdge };
const MANY = 80;
const NONE: ReadonlySet<string> = new Set();

type Props = {
  journey: string;
  drawing: Drawing;
  opened: Set<string>;
  selected: string | undefined;
  /** Those that are chosen together. */
  several?: ReadonlySet<string>;
  onTurn: () => void;
  /** More tools, beside those of every map. */
  tools?: ReactNode;
};

export function Canvas({
  journey,
  drawing,
  opened,
  selected,
  several = NONE,
  onTurn,
  tools,
}: Props) {
  const [minimap, setMinimap] = useState(drawing.nodes.length > 12);
  const [ready, setReady] = useState(false);
  const pane = useRef<HTMLDivElement>(null);
  const base = useStable(
    useMemo(() => drawing.nodes.map((node) => flowNode(node, drawing, opened)), [drawing, opened]),
    sameNode,
  );
  const nodes = useMemo(
    () => base.map((node) => chosen(node, selected, several)),
    [base, selected, several],
  );
  const edges = useStable(
    useMemo(() => drawing.links.map(flowEdge), [drawing]),
    sameEdge,
  );
  const card = nodes.find(({ id, data }) => id === selected || data.inside);
  const memory = `caravan.viewport.${journey}.${drawing.direction}`;
  return (
    <ReactFlowProvider key={memory}>
      <section
        className={classes.canvas}
        ref={pane}
        aria-label={strings.map.label}
        onScroll={(event) => event.currentTarget.scrollTo(0, 0)}
      >
        <ArrowMarker />
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={NODE_TYPES}
          edgeTypes={EDGE_TYPES}
          onInit={(flow) => {
            const size = pane.current?.getBoundingClientRect();
            const view =
              remembered(memory) ?? openingViewport(drawing, size ?? { width: 900, height: 600 });
            void flow.setViewport(view).then(() => setReady(true));
          }}
          onMoveEnd={(event, viewport) =>
            event && sessionStorage.setItem(memory, JSON.stringify(viewport))
          }
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          onlyRenderVisibleElements={drawing.nodes.length > MANY}
          minZoom={0.1}
          maxZoom={1.75}
          panOnScroll
          proOptions={{ hideAttribution: true }}
        >
          <Background gap={22} size={1.4} color="var(--cv-grid)" />
          <KeepInView pane={pane} card={card} ready={ready} />
          <Toolbar
            direction={drawing.direction}
            onTurn={onTurn}
            minimap={minimap}
            onMinimap={() => setMinimap(!minimap)}
            more={tools}
          />
          {minimap ? (
            <MiniMap
              pannable
              zoomable
              ariaLabel={strings.map.minimap}
              className={classes.minimap}
              nodeColor={miniColour}
              nodeBorderRadius={12}
              bgColor="var(--cv-surface)"
              maskColor="color-mix(in srgb, var(--cv-ground) 78%, transparent)"
            />
          ) : null}
        </ReactFlow>
      </section>
    </ReactFlowProvider>
  );
}

function flowNode(placed: Placed, drawing: Drawing, opened: Set<string>): FlowNode {
  const { item, x, y, width, height } = placed;
  const across = drawing.direction === "horizontal";
  return {
    id: item.id,
    type: "map",
    position: { x, y },
    width,
    height,
    measured: { width, height },
    style: { pointerEvents: "all" },
    sourcePosition: across ? Position.Right : Position.Bottom,
    targetPosition: across ? Position.Left : Position.Top,
    data: { item, open: opened.has(item.id), inside: undefined },
  };
}

/** Marks the selected node, and the box that holds a selected action; leaves the others as they are. */
function chosen(
  node: FlowNode,
  selected: string | undefined,
  several: ReadonlySet<string>,
): FlowNode {
  if (node.id === selected || several.has(node.id)) return { ...node, selected: true };
  const { item } = node.data;
  const holds =
    item.type === "box" &&
    item.node.box?.some((path) => path.actions.some((action) => action.id === selected));
  return holds ? { ...node, data: { ...node.data, inside: selected } } : node;
}

const flowEdge = (routed: Drawing["links"][number]): Edge => ({
  id: routed.link.id,
  source: routed.link.source,
  target: routed.link.target,
  type: "path",
  data: routed as unknown as Record<string, unknown>,
});

/** Whether a node is drawn as before: the same card at the same place. */
const sameNode = (a: FlowNode, b: FlowNode) =>
  a.position.x === b.position.x &&
  a.position.y === b.position.y &&
  a.width === b.width &&
  a.height === b.height &&
  a.sourcePosition === b.sourcePosition &&
  a.data.open === b.data.open &&
  a.data.inside === b.data.inside &&
  sameItem(a.data.item, b.data.item);

function sameItem(a: Item, b: Item): boolean {
  if (a.type === "play" || a.type === "stop") return a.type === b.type;
  return "node" in b && a.node === b.node && a.type === b.type;
}

const sameEdge = (a: Edge, b: Edge) =>
  a.source === b.source &&
  a.target === b.target &&
  JSON.stringify(a.data) === JSON.stringify(b.data);

function miniColour(node: FlowNode): string {
  const { item } = node.data;
  return item.type === "card" || item.type === "box"
    ? `var(--cv-${item.node.family})`
    : "var(--cv-line-strong)";
}

function remembered(memory: string): Viewport | undefined {
  try {
    const viewport = JSON.parse(sessionStorage.getItem(memory) ?? "null") as Viewport | null;
    return viewport && Number.isFinite(viewport.x + viewport.y + viewport.zoom)
      ? viewport
      : undefined;
  } catch {
    return undefined;
  }
}
