// Which travellers of a node are shown; it stands in the address, so that every number can lead to them.
import type { PlaceOfTraveller } from "../api/queries";
import { at } from "../shell/LinkTo";
import type { PathCount } from "./graph";

export type Shown = {
  show?: PlaceOfTraveller | undefined;
  /** Those who left by this path. */
  path?: string | undefined;
  /** Those for whom its action came out so, with this reason. */
  outcome?: string | undefined;
  reason?: string | undefined;
};

/** The address of a node on the map with its travellers. */
export function addressOfTravellers(journey: string, node: string, shown: Shown): string {
  const said = Object.entries({ node, ...shown }).filter(([, value]) => value !== undefined);
  return `${at("/journeys", journey)}?${new URLSearchParams(said as [string, string][])}`;
}

/** Whoever a path's count counts. */
export const takersOf = (count: PathCount): Shown =>
  count.kind === "labelled"
    ? { show: "reached", path: count.path }
    : { show: count.kind === "onward" ? "reached" : "ended" };
