// What cards and paths subscribe to: each its own slice of the journey's status, so that a change
// draws only what it changes.
import { useQuery } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useRef, useState } from "react";
import { statusQuery } from "../api/queries";
import type { NodeStatus } from "../api/types";
import { pathCount } from "./counts";
import type { PathCount } from "./graph";
import type { Shown } from "./shown";

/** What every card of one map shares; changes only when the map itself does. */
export type MapScene = {
  journey: string;
  subject: "account" | "person";
  published: boolean;
  /** Opens a node; `beside`: takes it to those that are chosen already, where several can be; `shown`: with these travellers. */
  open: (node: string | undefined, beside?: boolean, shown?: Shown) => void;
  toggleBox: (node: string) => void;
};

export const SceneContext = createContext<MapScene | null>(null);

/** Whether a click, or Enter, means *this one too*. */
export const isBeside = (event: { shiftKey: boolean; ctrlKey: boolean; metaKey: boolean }) =>
  event.shiftKey || event.ctrlKey || event.metaKey;

export function useScene(): MapScene {
  const scene = useContext(SceneContext);
  if (!scene) throw new Error("a card stands outside its map");
  return scene;
}

/** The counts of one node. Never asks the server itself: the page keeps the status fresh. */
export function useNodeStatus(node: string): NodeStatus | undefined {
  const { journey } = useScene();
  return useQuery({
    ...statusQuery(journey),
    enabled: false,
    select: (status) => status.nodes[node],
  }).data;
}

export function usePathCount(count: PathCount | null): number | undefined {
  const { journey } = useScene();
  return useQuery({
    ...statusQuery(journey),
    enabled: false,
    select: (status) => (count ? pathCount(status, count) : undefined),
  }).data;
}

/** How often the number rose since it was first seen: the key of a pulse. */
export function useRises(value: number | undefined): number {
  const last = useRef(value);
  const [rises, setRises] = useState(0);
  useEffect(() => {
    if (value !== undefined && last.current !== undefined && value > last.current)
      setRises((n) => n + 1);
    last.current = value;
  }, [value]);
  return rises;
}
