// A journey as it is written and edited: the manifest's own shape, and reading and replacing one place of it.
// Changes never alter a manifest; what they leave alone keeps its identity.

export type Fields = Record<string, unknown>;
export type NodeBody = Fields & { type: string; next?: string | null };
export type BoxAction = Fields & { id: string; action: string };
export type PathBody = Fields & {
  label: string;
  next?: string | null;
  actions?: BoxAction[];
};
export type Branch = { next?: string | null; actions?: BoxAction[] };
export type Subject = "account" | "person";

export type Manifest = Fields & {
  key: string;
  name?: string;
  subject: Subject;
  audience?: Fields | null;
  entry?: string | null;
  nodes: Record<string, NodeBody>;
};

export const ENTRY = "audience";

/** Splits that a journey map knows, by what leaves them. */
const SPLITS = new Set(["split", "variant_split", "external_split", "next_best_path"]);

export const isSplit = (node: NodeBody) => SPLITS.has(node.type);

/** A closed box: people's paths inside, the account passes whole. */
export const isBox = (subject: Subject, node: NodeBody) =>
  subject === "account" && node.by === "person" && isSplit(node);

export const pathsOf = (node: NodeBody): PathBody[] =>
  Array.isArray(node.paths) ? (node.paths as PathBody[]) : [];

export const branchOf = (node: NodeBody, name: "other" | "failed"): Branch | undefined =>
  (node[name] as Branch | null | undefined) ?? undefined;

export const timeoutOf = (node: NodeBody): Fields | undefined =>
  (node.timeout as Fields | null | undefined) ?? undefined;

/** A JSON pointer from its steps. */
export const pointer = (...steps: (string | number)[]) =>
  steps.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

export const stepsOf = (at: string) =>
  at
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));

export function read(whole: unknown, at: string): unknown {
  let value = whole;
  for (const step of stepsOf(at)) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Fields)[step];
  }
  return value;
}

/** The same with another value at `at`; `undefined` takes the field away. */
export function write<T>(whole: T, at: string, value: unknown): T {
  return replaced(whole, stepsOf(at), value) as T;
}

function replaced(whole: unknown, steps: string[], value: unknown): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  if (Array.isArray(whole)) {
    const copy = [...whole];
    copy[Number(step)] = replaced(copy[Number(step)], rest, value);
    return copy;
  }
  const fields = (typeof whole === "object" && whole !== null ? whole : {}) as Fields;
  const inner = replaced(fields[step], rest, value);
  if (inner === fields[step]) return whole;
  if (inner !== undefined) return { ...fields, [step]: inner };
  const { [step]: _, ...others } = fields;
  return others;
}

export const nodeAt = (manifest: Manifest, id: string): NodeBody | undefined =>
  Object.hasOwn(manifest.nodes, id) ? manifest.nodes[id] : undefined;

export const withNode = (manifest: Manifest, id: string, node: NodeBody | undefined): Manifest =>
  write(manifest, pointer("nodes", id), node);

/** Every action in a closed box, with its place. */
export function boxActions(id: string, node: NodeBody): { action: BoxAction; at: string }[] {
  const lists: [BoxAction[] | undefined, string][] = pathsOf(node).map((path, n) => [
    path.actions,
    pointer("nodes", id, "paths", n, "actions"),
  ]);
  for (const name of ["other", "failed"] as const) {
    lists.push([branchOf(node, name)?.actions, pointer("nodes", id, name, "actions")]);
  }
  return lists.flatMap(([actions, at]) =>
    (actions ?? []).map((action, n) => ({ action, at: `${at}/${n}` })),
  );
}

/** Where an id stands: a node, or an action in a box with the box around it. */
export type Standing =
  | { kind: "entry" }
  | { kind: "node"; id: string; node: NodeBody }
  | { kind: "boxed"; box: string; action: BoxAction; at: string };

export function standingOf(manifest: Manifest, id: string): Standing | undefined {
  if (id === ENTRY) return { kind: "entry" };
  const node = nodeAt(manifest, id);
  if (node) return { kind: "node", id, node };
  for (const [box, body] of Object.entries(manifest.nodes)) {
    if (!isBox(manifest.subject, body)) continue;
    const found = boxActions(box, body).find(({ action }) => action.id === id);
    if (found) return { kind: "boxed", box, ...found };
  }
  return undefined;
}

/** All names that are taken: nodes, and actions in boxes. */
export function takenIds(manifest: Manifest): Set<string> {
  const taken = new Set([ENTRY, ...Object.keys(manifest.nodes)]);
  for (const [id, node] of Object.entries(manifest.nodes)) {
    for (const { action } of boxActions(id, node)) taken.add(action.id);
  }
  return taken;
}

/** `wait`, `wait-2`, `wait-3` … the first that is free, which is then taken. */
export function freshId(taken: Set<string>, wish: string): string {
  const base =
    wish
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-|-$/g, "") || "node";
  let id = base;
  for (let n = 2; taken.has(id); n++) id = `${base}-${n}`;
  taken.add(id);
  return id;
}

export const isRecord = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const sameJson = (a: unknown, b: unknown) =>
  a === b || JSON.stringify(a) === JSON.stringify(b);
