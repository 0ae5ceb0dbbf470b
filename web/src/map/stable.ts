// Keeps the identity of what did not change, so that React draws only what did.
import { useRef } from "react";

/** The same list, with the earlier object in place of every one that says the same. */
export function useStable<T extends { id: string }>(list: T[], same: (a: T, b: T) => boolean): T[] {
  const before = useRef<Map<string, T>>(new Map());
  const last = useRef<T[]>([]);
  const stable = list.map((each) => {
    const known = before.current.get(each.id);
    return known && same(known, each) ? known : each;
  });
  const unchanged =
    stable.length === last.current.length && stable.every((each, n) => each === last.current[n]);
  if (unchanged) return last.current;
  before.current = new Map(stable.map((each) => [each.id, each]));
  last.current = stable;
  return stable;
}
