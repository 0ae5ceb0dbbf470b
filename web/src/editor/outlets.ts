// Where paths leave nodes. An outlet is a place in the manifest that names the next node, known by its JSON pointer.
import {
  branchOf,
  ENTRY,
  isBox,
  type Manifest,
  type NodeBody,
  pathsOf,
  pointer,
  read,
  type Subject,
  timeoutOf,
  write,
} from "./manifest";

export type Outlet = {
  /** JSON pointer of the place that says where the path leads. */
  at: string;
  from: string;
  to: string | null;
  /** Key in the status's `paths`; none where the node has one way out. */
  path: string | null;
};

/** A way out that has no path of its own: whoever takes it is out of the journey. */
export type DeadEnd = { from: string; path: string };

export const ENTRY_OUTLET = pointer("entry");

const target = (value: unknown) => (typeof value === "string" ? value : null);

export function outletsOf(id: string, node: NodeBody, subject: Subject): Outlet[] {
  const place = (path: string | null, ...steps: (string | number)[]): Outlet => {
    const at = pointer("nodes", id, ...steps);
    return { at, from: id, to: target(read(node, pointer(...steps))), path };
  };
  if (isBox(subject, node)) return [place(null, "next")];
  switch (node.type) {
    case "listen": {
      const silent = timeoutOf(node);
      const hasPath = silent !== undefined && silent.next !== undefined;
      return hasPath
        ? [place(null, "next"), place("timeout", "timeout", "next")]
        : [place(null, "next")];
    }
    case "external_action":
      return branchOf(node, "failed")
        ? [place(null, "next"), place("failed", "failed", "next")]
        : [place(null, "next")];
    case "split":
    case "variant_split":
    case "external_split":
    case "next_best_path":
      return [
        ...pathsOf(node).map((path, n) => place(path.label, "paths", n, "next")),
        ...(branchOf(node, "other") ? [place("other", "other", "next")] : []),
        ...(branchOf(node, "failed") ? [place("failed", "failed", "next")] : []),
      ];
    default:
      return [place(null, "next")];
  }
}

export function deadEndsOf(id: string, node: NodeBody, subject: Subject): DeadEnd[] {
  if (isBox(subject, node)) return [];
  const ends: string[] = [];
  if (node.type === "listen" && timeoutOf(node) && timeoutOf(node)?.next === undefined)
    ends.push("timeout");
  if ((node.type === "split" || node.type === "external_split") && !branchOf(node, "other"))
    ends.push("other");
  if (node.type.startsWith("external_") && !branchOf(node, "failed")) ends.push("failed");
  return ends.map((path) => ({ from: id, path }));
}

export function entryOutlet(manifest: Manifest): Outlet {
  return { at: ENTRY_OUTLET, from: ENTRY, to: target(manifest.entry), path: null };
}

/** Every outlet of the map, the entry's first. */
export function allOutlets(manifest: Manifest): Outlet[] {
  const { nodes, subject } = manifest;
  return [
    entryOutlet(manifest),
    ...Object.entries(nodes).flatMap(([id, node]) => outletsOf(id, node, subject)),
  ];
}

export const outletAt = (manifest: Manifest, at: string) =>
  allOutlets(manifest).find((outlet) => outlet.at === at);

/** Leads a path somewhere else; the entry leads nowhere by being left out, every other path by `null`. */
export const lead = (manifest: Manifest, at: string, to: string | null): Manifest =>
  write(manifest, at, at === ENTRY_OUTLET ? (to ?? undefined) : to);

/** Everything that can be come to from a node, itself included. */
export function reachable(manifest: Manifest, start: string | null): Set<string> {
  const seen = new Set<string>();
  const open = start === null ? [] : [start];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const node = manifest.nodes[id];
    if (!node || seen.has(id)) continue;
    seen.add(id);
    for (const { to } of outletsOf(id, node, manifest.subject)) if (to) open.push(to);
  }
  return seen;
}

/** Every node's name as one comes to it from the entry, breadth first; what nothing leads to comes last. */
export function inWalkOrder(manifest: Manifest): string[] {
  const seen = new Set<string>();
  for (const start of [target(manifest.entry), ...Object.keys(manifest.nodes)]) {
    const row = [start];
    for (let id = row.shift(); id != null; id = row.shift()) {
      const node = manifest.nodes[id];
      if (!node || seen.has(id)) continue;
      seen.add(id);
      row.push(...outletsOf(id, node, manifest.subject).flatMap(({ to }) => to ?? []));
    }
  }
  return [...seen];
}

/** The part of the map that hangs on one node alone: a branch up to where other paths come in. */
export function branchFrom(manifest: Manifest, start: string): Set<string> {
  const below = reachable(manifest, start);
  const outside = reachableWithout(manifest, start);
  return new Set([...below].filter((id) => id === start || !outside.has(id)));
}

/** What the entry leads to when `without` is not there. */
function reachableWithout(manifest: Manifest, without: string): Set<string> {
  const { [without]: _, ...nodes } = manifest.nodes;
  return reachable({ ...manifest, nodes }, target(manifest.entry));
}
