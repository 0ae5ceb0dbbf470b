// What a merge does, in sentences; what it leaves alone is not told. No React in here.
import type { Merged } from "../api/types";
import { humanise } from "../shell/format";
import { strings } from "../strings";

const text = strings.customers.merge;

/** In the order in which people ask; the last resort says that nothing but the key goes. */
export function consequencesOf(merged: Merged): string[] {
  const counted = (Object.keys(text.counts) as (keyof typeof text.counts)[])
    .filter((name) => merged[name] > 0)
    .map((name) => text.counts[name](merged[name]));
  const told = [
    ...(merged.filled.length > 0 ? [text.filled(merged.filled.map(humanise))] : []),
    ...(merged.kept.length > 0 ? [text.kept(merged.keep, merged.kept.map(humanise))] : []),
    ...counted,
  ];
  return told.length > 0 ? told : [text.nothing(merged.gone)];
}
