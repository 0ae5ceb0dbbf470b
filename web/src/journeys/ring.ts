import type { JourneyStatus } from "../api/types";

const ORDER = [
  "active",
  "completed",
  "no_path",
  "timed_out",
  "removed",
  "expired",
  "aborted",
  "held_out",
] as const;

export type RingPart = { state: string; count: number; share: number; offset: number };

/** The parts of the ring in a fixed order; inside and completed always, the others when they occur. */
export function ringParts(travellers: JourneyStatus["travellers"]): RingPart[] {
  const { entered } = travellers;
  let offset = 0;
  return ORDER.map((state) => ({ state, count: travellers[state] }))
    .filter(({ state, count }) => count > 0 || state === "active" || state === "completed")
    .map(({ state, count }) => {
      const share = entered === 0 ? 0 : count / entered;
      const part = { state, count, share, offset };
      offset += share;
      return part;
    });
}
