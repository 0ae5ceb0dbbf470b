// How large things are drawn, in pixels at zoom 1. The cards' style sheet keeps to these.
import type { Item } from "./graph";

export const CARD_WIDTH = 264;
export const TERMINAL = 44;
export const BOX_CARD_WIDTH = 208;
export const BOX_CARD_HEIGHT = 92;
export const BOX_GAP = 22;
const BOX_PADDING = 16;
const BOX_ROW = 34 + BOX_CARD_HEIGHT + 14;
const BOX_EMPTY_ROW = 34 + 40 + 14;
const BOX_FOOT = 44;
const HEAD = 62;
const FACT = 21;
const COUNTS = 36;
const BAR = 12;

export const CHIP_HEIGHT = 24;
const CHIP_CHAR = 7;
const CHIP_PADDING = 62;
const PLUS = 28;

/** Space for a path's chip: its label, shortened by the style sheet beyond this, and its count. */
export const chipWidth = (label: string | null, editable = false) => {
  const plus = editable ? PLUS : 0;
  return label === null
    ? 40 + plus / 2
    : Math.min(190, label.length * CHIP_CHAR + CHIP_PADDING) + plus / 2;
};

export type Size = { width: number; height: number };

/** `published`: cards show counts; `open`: the box shows its paths; `editable`: with a plus at either end. */
export function sizeOf(item: Item, published: boolean, open: boolean, editable = false): Size {
  if (item.type === "play" || item.type === "stop") return { width: TERMINAL, height: TERMINAL };
  const { node } = item;
  const facts = Math.min(3, node.facts.length);
  const card =
    HEAD +
    (facts > 0 ? 12 + facts * FACT : 0) +
    (published ? COUNTS : 0) +
    (published && node.family === "action" ? BAR : 0);
  if (item.type === "card" || !node.box) return { width: CARD_WIDTH, height: card };
  if (!open) return { width: CARD_WIDTH, height: card + 30 };
  const longest = Math.max(1, ...node.box.map((path) => path.actions.length));
  const rows = node.box.reduce(
    (sum, path) => sum + (path.actions.length > 0 ? BOX_ROW : BOX_EMPTY_ROW),
    0,
  );
  return {
    width: Math.max(
      CARD_WIDTH + 40,
      BOX_PADDING * 2 + longest * BOX_CARD_WIDTH + (longest - 1 + (editable ? 2 : 0)) * BOX_GAP,
    ),
    height: card + rows + BOX_FOOT,
  };
}
