// Brings a card into sight when it is chosen or reached by keyboard; leaves the view alone otherwise.
import { type Node, useReactFlow, useStore } from "@xyflow/react";
import { type RefObject, useCallback, useEffect } from "react";

const EDGE = 96;

type Props = {
  pane: RefObject<HTMLElement | null>;
  /** The chosen card, or the box that holds it. */
  card: Node | undefined;
  /** The opening view is set, so that moving from it makes sense. */
  ready: boolean;
};

export function KeepInView({ pane, card, ready }: Props) {
  const flow = useReactFlow();
  const width = useStore((state) => state.width);
  const reveal = useCallback(
    (id: string) => {
      const card = flow.getNode(id);
      const size = pane.current?.getBoundingClientRect();
      if (!card || !size) return;
      const { x, y, zoom } = flow.getViewport();
      const left = card.position.x * zoom + x;
      const top = card.position.y * zoom + y;
      const right = left + (card.width ?? 0) * zoom;
      const bottom = top + (card.height ?? 0) * zoom;
      const dx = shift(left, right, size.width);
      const dy = shift(top, bottom, size.height);
      if (dx !== 0 || dy !== 0) flow.setViewport({ x: x + dx, y: y + dy, zoom }, { duration: 200 });
    },
    [flow, pane],
  );
  /** What stands on a path has no place of its own in the flow: it is measured. */
  const uncover = useCallback(
    (element: HTMLElement) => {
      const size = pane.current?.getBoundingClientRect();
      if (!size) return;
      const at = element.getBoundingClientRect();
      const { x, y, zoom } = flow.getViewport();
      const dx = shift(at.left - size.left, at.right - size.left, size.width);
      const dy = shift(at.top - size.top, at.bottom - size.top, size.height);
      if (dx !== 0 || dy !== 0) flow.setViewport({ x: x + dx, y: y + dy, zoom }, { duration: 200 });
    },
    [flow, pane],
  );
  const [chosen, height] = [card?.id, card?.height];
  // biome-ignore lint/correctness/useExhaustiveDependencies: the panel narrows the pane and a box grows, which may hide the card
  useEffect(() => {
    if (chosen && ready) reveal(chosen);
  }, [chosen, height, ready, width, reveal]);
  useEffect(() => {
    const section = pane.current;
    const onFocus = (event: FocusEvent) => {
      const target = event.target as HTMLElement;
      if (!target.matches(":focus-visible")) return;
      if (section) scrollBack(target, section);
      const id = target.closest<HTMLElement>(".react-flow__node")?.dataset.id;
      if (id) reveal(id);
      else if (target.closest(".react-flow__edgelabel-renderer")) uncover(target);
    };
    section?.addEventListener("focusin", onFocus);
    return () => section?.removeEventListener("focusin", onFocus);
  }, [pane, reveal, uncover]);
  return null;
}

/** The browser scrolls to what gets the focus, even inside a map that has no scroll bars; the map itself moves instead. */
function scrollBack(from: HTMLElement, to: HTMLElement) {
  for (let at: HTMLElement | null = from; at && at !== to.parentElement; at = at.parentElement)
    at.scrollTo(0, 0);
}

/** How far to move so that a stretch lies inside the pane; its beginning counts where it does not fit. */
export function shift(from: number, to: number, room: number): number {
  if (from < EDGE) return EDGE - from;
  if (to > room - EDGE) return Math.max(room - EDGE - to, EDGE - from);
  return 0;
}
