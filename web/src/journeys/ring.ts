import type { JourneyStatus } from "../api/types";

/** How trips stand, in a fixed order, each in its colour. */
const COLOURS = {
  active: "var(--cv-pending)",
  completed: "var(--cv-done)",
  no_path: "var(--cv-noop)",
  timed_out: "var(--cv-skipped)",
  removed: "var(--cv-action)",
  expired: "var(--cv-flow)",
  aborted: "var(--cv-failed)",
  held_out: "var(--mantine-color-dimmed)",
};

/** What the ring shows: inside and completed always, the others when they occur. */
export function ringParts(travellers: JourneyStatus["travellers"]) {
  return (Object.keys(COLOURS) as (keyof typeof COLOURS)[])
    .map((state) => ({ state, count: travellers[state], colour: COLOURS[state] }))
    .filter(({ state, count }) => count > 0 || state === "active" || state === "completed");
}
