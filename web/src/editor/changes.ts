// What can be done to a map, as pure functions on the manifest. What may not be done says why.
import {
  type BoxAction,
  branchOf,
  type Fields,
  freshId,
  isBox,
  isSplit,
  type Manifest,
  type NodeBody,
  nodeAt,
  type PathBody,
  pathsOf,
  pointer,
  read,
  standingOf,
  takenIds,
  timeoutOf,
  withNode,
  write,
} from "./manifest";
import {
  allOutlets,
  branchFrom,
  lead,
  type Outlet,
  outletAt,
  outletsOf,
  reachable,
} from "./outlets";

/** Why something may not be done; the words stand in the catalogue of strings. */
export type Refusal =
  | "last_path"
  | "several_paths"
  | "several_ways_in"
  | "timeout_path"
  | "path_in_use";
export type Change = { manifest: Manifest; select?: string } | { refused: Refusal };

/** What the palette places: a kind of node, or one action, or an event to listen for. */
export type Choice =
  | { type: string; by?: "account" | "person" }
  | { type: "action"; on: "account" | "people"; action: string }
  | { type: "listen"; activity: string };

const FIVE_DAYS = "5d";
export const MAX_PATHS = 25;

/** A new node of a kind as it begins: valid in shape, its settings still open. */
export function newNode(
  choice: Choice,
  subject: Manifest["subject"],
  next: string | null,
): NodeBody {
  switch (choice.type) {
    case "action":
      return "action" in choice
        ? { type: "action", on: choice.on, action: choice.action, next }
        : { type: "action", on: subject === "person" ? "people" : "account", action: "", next };
    case "wait":
      return { type: "wait", duration: FIVE_DAYS, next };
    case "listen":
      return "activity" in choice
        ? { type: "listen", event: { activity: choice.activity }, next }
        : { type: "listen", next };
    case "split":
    case "variant_split":
    case "external_split":
      return newSplit(choice.type, ("by" in choice && choice.by) || subject, subject, next);
    case "external_action":
      return { type: "external_action", on: "account", service: "", next };
    default:
      return { type: choice.type, next };
  }
}

function newSplit(
  type: string,
  by: "account" | "person",
  subject: Manifest["subject"],
  next: string | null,
): NodeBody {
  const labels = type === "variant_split" ? ["A", "B"] : ["Path 1"];
  const percent = type === "variant_split" ? { percent: 50 } : {};
  const service = type === "external_split" ? { service: "" } : {};
  const box = subject === "account" && by === "person";
  const paths = labels.map((label, n): PathBody => {
    const end = box ? { actions: [] } : { next: n === 0 ? next : null };
    return { label, ...percent, ...end };
  });
  const other = type === "variant_split" ? {} : { other: box ? { actions: [] } : { next: null } };
  return { type, by, ...service, paths, ...other, ...(box ? { next } : {}) };
}

/** Puts a new node onto a path; what followed there follows it. */
export function insertNode(manifest: Manifest, at: string, choice: Choice): Change {
  const outlet = outletAt(manifest, at);
  if (!outlet) return { manifest };
  const wish = "action" in choice ? choice.action : choice.type;
  const id = freshId(takenIds(manifest), wish);
  const placed = withNode(manifest, id, newNode(choice, manifest.subject, outlet.to));
  return { manifest: lead(placed, at, id), select: id };
}

/** Splits a node's kind anew (by accounts or people), keeping what follows it. */
export function resplit(manifest: Manifest, id: string, by: "account" | "person"): Change {
  const node = nodeAt(manifest, id);
  if (!node || node.by === by) return { manifest };
  const used = outletsOf(id, node, manifest.subject).filter((outlet) => outlet.to !== null);
  if (used.length > 1) return { refused: "several_paths" };
  const next = used[0]?.to ?? null;
  return {
    manifest: withNode(manifest, id, newNode({ type: node.type, by }, manifest.subject, next)),
  };
}

/** Takes a node away; its one remaining path closes the gap. */
export function removeNode(manifest: Manifest, id: string): Change {
  const standing = standingOf(manifest, id);
  if (standing?.kind === "boxed") return { manifest: removeAt(manifest, standing.at) };
  if (standing?.kind !== "node") return { manifest };
  const { node } = standing;
  const into = allOutlets(manifest).filter((outlet) => outlet.to === id);
  if (node.type === "merge" && into.length > 1) return { refused: "several_ways_in" };
  const used = outletsOf(id, node, manifest.subject).filter((outlet) => outlet.to !== null);
  if (new Set(used.map((outlet) => outlet.to)).size > 1)
    return { refused: node.type === "listen" ? "timeout_path" : "several_paths" };
  const next = used[0]?.to ?? null;
  const relinked = into.reduce((now, outlet) => lead(now, outlet.at, next), manifest);
  return { manifest: withNode(relinked, id, undefined) };
}

/** Takes several nodes away, each piece of them closing its own gap; all of them, or none. */
export function removeNodes(manifest: Manifest, ids: ReadonlySet<string>): Change {
  let now = manifest;
  for (const piece of piecesOf(manifest, ids)) {
    const change = removePiece(now, piece);
    if ("refused" in change) return change;
    now = change.manifest;
  }
  return { manifest: now };
}

/** What hangs together among some nodes. */
function piecesOf(manifest: Manifest, ids: ReadonlySet<string>): Set<string>[] {
  const pieces: Set<string>[] = [];
  for (const id of ids) {
    const node = nodeAt(manifest, id);
    if (!node) continue;
    const near = allOutlets(manifest).flatMap(({ from, to }) =>
      from === id ? (to ?? []) : to === id ? from : [],
    );
    const touching = pieces.filter((piece) => near.some((each) => piece.has(each)));
    for (const piece of touching) pieces.splice(pieces.indexOf(piece), 1);
    pieces.push(new Set([id, ...touching.flatMap((piece) => [...piece])]));
  }
  return pieces;
}

function removePiece(manifest: Manifest, piece: ReadonlySet<string>): Change {
  const outlets = allOutlets(manifest);
  const into = outlets.filter(({ from, to }) => to !== null && piece.has(to) && !piece.has(from));
  const out = new Set(
    outlets.flatMap(({ from, to }) => (to !== null && piece.has(from) && !piece.has(to) ? to : [])),
  );
  if (out.size > 1) return { refused: "several_paths" };
  const [next = null] = out;
  const joins = next !== null && nodeAt(manifest, next)?.type !== "merge";
  if (into.length > 1 && joins) return { refused: "several_ways_in" };
  const closed = into.reduce((now, { at }) => lead(now, at, next), manifest);
  const nodes = Object.fromEntries(Object.entries(closed.nodes).filter(([id]) => !piece.has(id)));
  return { manifest: { ...closed, nodes } };
}

/** Takes a node away with everything that only it leads to. */
export function removeBranch(manifest: Manifest, id: string): Change {
  const gone = branchFrom(manifest, id);
  const into = allOutlets(manifest).filter((outlet) => outlet.to === id);
  const cut = into.reduce((now, outlet) => lead(now, outlet.at, null), manifest);
  const nodes = Object.fromEntries(Object.entries(cut.nodes).filter(([each]) => !gone.has(each)));
  return { manifest: { ...cut, nodes } };
}

const removeAt = (manifest: Manifest, at: string): Manifest => {
  const cut = at.lastIndexOf("/");
  const list = read(manifest, at.slice(0, cut)) as unknown[];
  const without = list.filter((_, n) => n !== Number(at.slice(cut + 1)));
  return write(manifest, at.slice(0, cut), without);
};

/** Puts an action into a box's path, before position `index`. */
export function insertBoxAction(
  manifest: Manifest,
  list: string,
  index: number,
  action: string,
): Change {
  const actions = [...((read(manifest, list) as BoxAction[] | undefined) ?? [])];
  const id = freshId(takenIds(manifest), action || "action");
  actions.splice(index, 0, { id, action });
  return { manifest: write(manifest, list, actions), select: id };
}

/** A path is empty when nothing stands on it but, at most, the merge it joins. */
export function isEmptyPath(manifest: Manifest, path: PathBody): boolean {
  if (path.actions) return path.actions.length === 0;
  const next = path.next ? nodeAt(manifest, path.next) : undefined;
  return !next || next.type === "merge";
}

export function addPath(manifest: Manifest, id: string): Change {
  const node = nodeAt(manifest, id);
  if (!node) return { manifest };
  const paths = pathsOf(node);
  const labels = new Set(paths.map((path) => path.label));
  const variant = node.type === "variant_split";
  let n = paths.length + 1;
  const label = () => (variant ? String.fromCharCode(64 + n) : `Path ${n}`);
  while (labels.has(label())) n++;
  const end = isBox(manifest.subject, node) ? { actions: [] } : { next: null };
  const added = [...paths, { label: label(), ...(variant ? { percent: 0 } : {}), ...end }];
  return { manifest: withNode(manifest, id, { ...node, paths: variant ? evened(added) : added }) };
}

/** Whole shares that add up to 100, the earlier paths taking what is left over. */
function evened(paths: PathBody[]): PathBody[] {
  const share = Math.floor(100 / paths.length);
  const rest = 100 - share * paths.length;
  return paths.map((path, n) => ({ ...path, percent: share + (n < rest ? 1 : 0) }));
}

export function removePath(manifest: Manifest, id: string, index: number): Change {
  const node = nodeAt(manifest, id);
  const path = node && pathsOf(node)[index];
  if (!node || !path) return { manifest };
  if (pathsOf(node).length <= (node.type === "variant_split" ? 2 : 1))
    return { refused: "last_path" };
  if (!isEmptyPath(manifest, path)) return { refused: "path_in_use" };
  const left = pathsOf(node).filter((_, n) => n !== index);
  const paths = node.type === "variant_split" ? evened(left) : left;
  return { manifest: withNode(manifest, id, { ...node, paths }) };
}

export function movePath(manifest: Manifest, id: string, index: number, by: -1 | 1): Change {
  const node = nodeAt(manifest, id);
  const paths = node ? [...pathsOf(node)] : [];
  const [path] = paths.splice(index, 1);
  if (!node || !path) return { manifest };
  paths.splice(index + by, 0, path);
  return { manifest: withNode(manifest, id, { ...node, paths }) };
}

/** Whether those whom no path took have a path of their own. */
export function setBranch(
  manifest: Manifest,
  id: string,
  name: "other" | "failed",
  on: boolean,
): Change {
  const node = nodeAt(manifest, id);
  if (!node || on === (branchOf(node, name) !== undefined)) return { manifest };
  if (on) {
    const branch = isBox(manifest.subject, node) ? { actions: [] } : { next: null };
    return { manifest: withNode(manifest, id, { ...node, [name]: branch }) };
  }
  const branch = branchOf(node, name) as PathBody;
  if (!isEmptyPath(manifest, branch)) return { refused: "path_in_use" };
  return { manifest: write(manifest, pointer("nodes", id, name), undefined) };
}

/** Whether a listener's silence has a path of its own. */
export function setTimeoutPath(manifest: Manifest, id: string, on: boolean): Change {
  const node = nodeAt(manifest, id);
  const timeout = node && timeoutOf(node);
  if (!node || !timeout) return { manifest };
  if (!on && typeof timeout.next === "string" && !isEmptyPath(manifest, timeout as PathBody))
    return { refused: "timeout_path" };
  return {
    manifest: write(manifest, pointer("nodes", id, "timeout", "next"), on ? null : undefined),
  };
}

/** Paths that a merge joins or could join: open ends that do not come from it. */
export function mergeable(manifest: Manifest, merge: string): (Outlet & { joined: boolean })[] {
  const after = reachable(manifest, merge);
  return allOutlets(manifest)
    .filter((outlet) => outlet.to === merge || (outlet.to === null && !after.has(outlet.from)))
    .filter((outlet) => outlet.from !== "audience" || outlet.to === merge)
    .map((outlet) => ({ ...outlet, joined: outlet.to === merge }));
}

export function setJoined(manifest: Manifest, merge: string, at: string, on: boolean): Change {
  const joined = mergeable(manifest, merge).filter((outlet) => outlet.joined);
  if (!on && joined.length <= 1) return { refused: "last_path" };
  return { manifest: lead(manifest, at, on ? merge : null) };
}

/** Sets one field of a node, of an action in a box, or of the journey itself. */
export const setField = (manifest: Manifest, at: string, value: unknown): Manifest =>
  write(manifest, at, value);

/** Another action, or another subject: the inputs begin anew. */
export function chooseAction(
  manifest: Manifest,
  at: string,
  on: unknown,
  action: string,
): Manifest {
  const node = read(manifest, at) as Fields;
  const kept =
    "id" in node
      ? { id: node.id, action }
      : { type: "action", on, action, next: node.next ?? null };
  return write(manifest, at, kept);
}

/** Whether a copy of this can be pasted on a path inside a people box. */
export const isPeopleAction = (node: NodeBody) => node.type === "action" && node.on === "people";

export { isSplit };
