// What differs between two manifests of a journey, node by node and field by field: for a second editor's change,
// and for comparing versions.
import { type Fields, isRecord, type Manifest, sameJson } from "./manifest";

export type Difference = {
  /** A node's name; none: the journey itself. */
  node: string | undefined;
  kind: "added" | "removed" | "changed";
  fields: { name: string; before: unknown; after: unknown }[];
};

export function differences(before: Manifest, after: Manifest): Difference[] {
  const { nodes: nodesBefore, ...ownBefore } = before;
  const { nodes: nodesAfter, ...ownAfter } = after;
  const own = changedFields(ownBefore, ownAfter);
  const found: Difference[] =
    own.length > 0 ? [{ node: undefined, kind: "changed", fields: own }] : [];
  for (const id of new Set([...Object.keys(nodesBefore), ...Object.keys(nodesAfter)])) {
    const [old, now] = [nodesBefore[id], nodesAfter[id]];
    if (!old) found.push({ node: id, kind: "added", fields: [] });
    else if (!now) found.push({ node: id, kind: "removed", fields: [] });
    else {
      const fields = changedFields(old, now);
      if (fields.length > 0) found.push({ node: id, kind: "changed", fields });
    }
  }
  return found;
}

function changedFields(before: Fields, after: Fields): Difference["fields"] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names]
    .filter((name) => !sameJson(sorted(before[name]), sorted(after[name])))
    .map((name) => ({ name, before: before[name], after: after[name] }));
}

/** The order of fields says nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}
