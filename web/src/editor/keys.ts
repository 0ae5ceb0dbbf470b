// The keyboard on the map: which key does what, for the card that has the focus or is chosen.
import type { KeyboardEvent } from "react";
import { ENTRY, type Manifest } from "./manifest";
import { allOutlets, entryOutlet, outletsOf } from "./outlets";

export type Keys = {
  undo: () => void;
  redo: () => void;
  find: () => void;
  outline: () => void;
  escape: () => void;
  remove: (ids: ReadonlySet<string>) => void;
  copy: (ids: ReadonlySet<string>) => void;
  /** Chooses every node. */
  all: () => void;
  paste: (id: string) => void;
  go: (id: string) => void;
  manifest: () => Manifest;
  selected: string | undefined;
  /** Chosen together. */
  several: ReadonlySet<string>;
};

const TYPING = "input, textarea, select, [contenteditable=true], [role=dialog], [role=listbox]";

export function keyDown(event: KeyboardEvent, keys: Keys) {
  const place = event.target instanceof Element ? event.target : undefined;
  if (!place || place.closest(TYPING)) return;
  // A menu or dialog that opened from here tells its keys through React's tree, not the page's.
  if (!event.currentTarget.contains(place)) return;
  const done =
    event.ctrlKey || event.metaKey ? withControl(event, keys, place) : plain(event, keys, place);
  if (done) event.preventDefault();
}

function withControl(event: KeyboardEvent, keys: Keys, place: Element): boolean {
  const id = cardAt(place, keys);
  switch (event.key.toLowerCase()) {
    case "z":
      if (event.shiftKey) keys.redo();
      else keys.undo();
      return true;
    case "y":
      keys.redo();
      return true;
    case "a":
      keys.all();
      return true;
    case "c":
    case "x": {
      const meant = meantBy(id, keys);
      if (meant.size === 0 || String(window.getSelection()) !== "") return false;
      keys.copy(meant);
      if (event.key.toLowerCase() === "x") keys.remove(meant);
      return true;
    }
    case "v":
      if (id === undefined) return false;
      keys.paste(id);
      return true;
    default:
      return false;
  }
}

function plain(event: KeyboardEvent, keys: Keys, place: Element): boolean {
  const id = cardAt(place, keys);
  switch (event.key) {
    case "/":
      keys.find();
      return true;
    case "Escape":
      keys.escape();
      return true;
    case "Delete":
    case "Backspace":
      if (meantBy(id, keys).size === 0) return false;
      keys.remove(meantBy(id, keys));
      return true;
    case "ArrowRight":
    case "ArrowLeft":
    case "ArrowUp":
    case "ArrowDown": {
      const next = id === undefined ? undefined : neighbour(keys.manifest(), id, event.key);
      if (next === undefined) return false;
      keys.go(next);
      focusCard(next);
      return true;
    }
    default:
      return false;
  }
}

/** The card that has the focus, else the chosen one when the focus is on the map at large. */
function cardAt(place: Element, keys: Keys): string | undefined {
  const card = place.closest("[data-card]")?.getAttribute("data-card");
  if (card) return card;
  return place.closest("[data-outlet], button, a") ? undefined : keys.selected;
}

/** What is chosen together, else the one card; who enters is no node. */
const meantBy = (id: string | undefined, { several }: Keys): ReadonlySet<string> =>
  several.size > 0 ? several : new Set(id === undefined || id === ENTRY ? [] : [id]);

/** Along the paths with left and right, between the paths of one node with up and down. */
export function neighbour(manifest: Manifest, id: string, key: string): string | undefined {
  const outlets = allOutlets(manifest).filter((outlet) => outlet.to !== null);
  if (key === "ArrowRight") {
    const node = manifest.nodes[id];
    const onward = node ? outletsOf(id, node, manifest.subject) : [entryOutlet(manifest)];
    return onward.find((outlet) => outlet.to !== null)?.to ?? undefined;
  }
  const into = outlets.find((outlet) => outlet.to === id);
  if (!into) return undefined;
  if (key === "ArrowLeft") return into.from === ENTRY ? ENTRY : into.from;
  const beside = outlets.filter((outlet) => outlet.from === into.from).map((outlet) => outlet.to);
  const by = key === "ArrowDown" ? 1 : -1;
  return beside[beside.indexOf(id) + by] ?? undefined;
}

/** Once the map has drawn it. */
function focusCard(id: string) {
  requestAnimationFrame(() => {
    const card = document.querySelector<HTMLElement>(`[data-card="${CSS.escape(id)}"] button`);
    card?.focus({ preventScroll: true });
  });
}
