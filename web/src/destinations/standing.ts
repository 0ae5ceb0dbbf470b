// How what is handed to a destination stands there, at a glance. No React in here.
import type { AudienceState, DestinationStanding } from "../api/types";
import type { Grade } from "../shell/Verdict";

const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0);

/** What was refused goes before what is on its way; who is left out is left out on purpose. */
export function gradeOf({ failed, in_doubt, pending, there }: DestinationStanding): Grade {
  if (sum(failed) > 0) return "bad";
  if (in_doubt > 0) return "warning";
  return pending > 0 || there === 0 ? "none" : "good";
}

/** A problem, and a state in which campaigns cannot use it, go before its size. */
export function gradeOfAudience(audience: AudienceState): Grade {
  if (audience.problem || audience.usable === false) return "bad";
  if (audience.below_minimum || audience.refused > 0) return "warning";
  return audience.looked_at ? "good" : "none";
}
