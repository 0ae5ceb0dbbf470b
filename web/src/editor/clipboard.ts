// Copying nodes or a branch, within a journey or from one to another. Kept in this browser.
import { type Change, insertBoxAction, isPeopleAction } from "./changes";
import {
  type BoxAction,
  boxActions,
  type Fields,
  freshId,
  isRecord,
  type Manifest,
  type NodeBody,
  pointer,
  standingOf,
  takenIds,
  withNode,
  write,
} from "./manifest";
import { branchFrom, inWalkOrder, lead, outletAt, outletsOf, reachable } from "./outlets";

const PLACE = "caravan.clipboard";

/** Nodes by their old names, and the one that comes first. */
export type Copied = {
  subject: Manifest["subject"];
  first: string;
  nodes: Record<string, NodeBody>;
};

/** One node without what follows, or everything that hangs on it. */
export function copyOf(manifest: Manifest, id: string, branch: boolean): Copied | undefined {
  const standing = standingOf(manifest, id);
  if (standing?.kind === "boxed") return copyOfBoxed(manifest, standing.action);
  if (standing?.kind !== "node") return undefined;
  return copyOfSeveral(manifest, branch ? branchFrom(manifest, id) : new Set([id]));
}

/** An action of a closed box is the same action on a path of its own. */
function copyOfBoxed({ subject }: Manifest, { id, ...settings }: BoxAction): Copied {
  const node: NodeBody = { type: "action", on: "people", ...settings, next: null };
  return { subject, first: id, nodes: { [id]: node } };
}

/** The action that a copy brings into a closed box: only one on people alone can stand there. */
export function boxable({ first, nodes }: Copied): Fields | undefined {
  const node = nodes[first];
  if (!node || Object.keys(nodes).length > 1 || !isPeopleAction(node)) return undefined;
  const { type: _, on: __, next: ___, ...action } = node;
  return action;
}

/** Puts a copied action into a box's path, before position `index`, under a name of its own. */
export function pasteIntoBox(
  manifest: Manifest,
  list: string,
  index: number,
  copied: Copied,
): Change {
  const action = boxable(copied);
  if (!action) return { manifest };
  const placed = insertBoxAction(manifest, list, index, String(action.action));
  if ("refused" in placed || placed.select === undefined) return placed;
  const at = `${list}/${index}`;
  return { ...placed, manifest: write(placed.manifest, at, { id: placed.select, ...action }) };
}

/** Several nodes as one piece: paths between them stay, and what then hangs on nothing follows what stands before it. */
export function copyOfSeveral(manifest: Manifest, ids: ReadonlySet<string>): Copied | undefined {
  const ordered = inWalkOrder(manifest).filter((id) => ids.has(id));
  const nodes: Record<string, NodeBody> = {};
  for (const id of ordered) {
    const body = manifest.nodes[id];
    if (body) nodes[id] = cutLoose(id, body, ids, manifest.subject);
  }
  const { subject } = manifest;
  const led = new Set(
    Object.entries(nodes).flatMap(([id, body]) => outletsOf(id, body, subject).map(({ to }) => to)),
  );
  const [first, ...rest] = ordered.filter((id) => !led.has(id));
  if (first === undefined) return undefined;
  const piece: Manifest = { key: "copied", subject, nodes };
  return { subject, first, nodes: rest.reduce(strung(first), piece).nodes };
}

/** Leads the first open end of what begins at `first` to the next piece; where all ends are taken, it stays apart. */
const strung = (first: string) => (piece: Manifest, next: string) => {
  const open = openEnd(piece, first, reachable(piece, first));
  return open === undefined ? piece : lead(piece, open, next);
};

/** Paths that lead out of what is copied end instead. */
function cutLoose(
  id: string,
  node: NodeBody,
  kept: ReadonlySet<string>,
  subject: Manifest["subject"],
): NodeBody {
  return outletsOf(id, node, subject)
    .filter(({ to }) => to !== null && !kept.has(to))
    .reduce((body, { at }) => write(body, at.slice(pointer("nodes", id).length), null), node);
}

/** Puts a copy onto a path under names of its own; what followed there follows its first open end. */
export function paste(manifest: Manifest, at: string, copied: Copied): Change {
  const outlet = outletAt(manifest, at);
  if (!outlet || copied.subject !== manifest.subject) return { manifest };
  const taken = takenIds(manifest);
  const names = new Map(Object.keys(copied.nodes).map((id) => [id, freshId(taken, id)]));
  let result = manifest;
  for (const [id, body] of Object.entries(copied.nodes)) {
    result = withNode(result, names.get(id) ?? id, renamed(id, body, names, taken, manifest));
  }
  const first = names.get(copied.first) ?? copied.first;
  const open = openEnd(result, first, new Set(names.values()));
  if (outlet.to !== null && open) result = lead(result, open, outlet.to);
  return { manifest: lead(result, at, first), select: first };
}

function renamed(
  id: string,
  node: NodeBody,
  names: Map<string, string>,
  taken: Set<string>,
  { subject }: Manifest,
): NodeBody {
  const here = pointer("nodes", id);
  let body = node;
  for (const { at, to } of outletsOf(id, node, subject)) {
    if (to !== null) body = write(body, at.slice(here.length), names.get(to) ?? null);
  }
  for (const { action, at } of boxActions(id, node)) {
    body = write(body, `${at.slice(here.length)}/id`, freshId(taken, action.id));
  }
  return body;
}

/** The first path of a copy that leads nowhere, walking from its beginning. */
function openEnd(manifest: Manifest, first: string, within: Set<string>): string | undefined {
  const todo = [first];
  const seen = new Set<string>();
  for (let id = todo.shift(); id !== undefined; id = todo.shift()) {
    const node = manifest.nodes[id];
    if (!node || seen.has(id) || !within.has(id)) continue;
    seen.add(id);
    for (const { at, to } of outletsOf(id, node, manifest.subject)) {
      if (to === null) return at;
      todo.push(to);
    }
  }
  return undefined;
}

export const keep = (copied: Copied) => localStorage.setItem(PLACE, JSON.stringify(copied));

export function kept(): Copied | undefined {
  try {
    const copied: unknown = JSON.parse(localStorage.getItem(PLACE) ?? "null");
    return isRecord(copied) && isRecord(copied.nodes) ? (copied as Copied) : undefined;
  } catch {
    return undefined;
  }
}
