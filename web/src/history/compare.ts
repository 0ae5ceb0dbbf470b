// Two versions of a journey as one map: the later one, with what went drawn in as well.
import type { JourneyMap } from "../api/types";
import type { Difference } from "../editor/differences";
import { graphOf, type Item, type Link } from "../map/graph";
import type { Mark, Marks } from "../map/marks";

export type Compared = { items: Item[]; links: Link[]; marks: Marks; titles: Map<string, string> };

export function compared(
  before: JourneyMap,
  after: JourneyMap,
  differences: readonly Difference[],
): Compared {
  const [old, now] = [graphOf(before), graphOf(after)];
  const there = new Set(now.items.map(({ id }) => id));
  const gone = old.items.filter((item) => "node" in item && !there.has(item.id));
  const drawn = new Set([...there, ...gone.map(({ id }) => id)]);
  const known = new Set(now.links.map(({ id }) => id));
  // A path that only ended otherwise is told by the one that took its place.
  const left = old.links.filter(
    ({ id, source, target }) => !known.has(id) && drawn.has(source) && drawn.has(target),
  );
  const former = new Set(old.links.map(({ id }) => id));
  const came = now.links.filter(({ id }) => !former.has(id));
  const nodes = new Map<string, Mark>();
  for (const { node, kind } of differences) if (node !== undefined) nodes.set(node, kind);
  return {
    items: [...now.items, ...gone],
    links: [...now.links, ...left],
    marks: {
      nodes,
      links: new Map<string, Mark>([
        ...came.map(({ id }) => [id, "added"] as const),
        ...left.map(({ id }) => [id, "removed"] as const),
      ]),
    },
    titles: new Map([...titlesOf(before), ...titlesOf(after)]),
  };
}

function titlesOf(map: JourneyMap): [string, string][] {
  return map.nodes.flatMap((node) => [
    [node.id, node.title] as [string, string],
    ...(node.box ?? []).flatMap((path) =>
      path.actions.map((action) => [action.id, action.title] as [string, string]),
    ),
  ]);
}
