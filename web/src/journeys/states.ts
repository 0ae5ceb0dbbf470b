// The life cycle as the buttons see it.
import type { JourneyState } from "../api/types";

export type LifeCycleAction = "pause" | "resume" | "close" | "abort";

/** What may be done in a state, the weightiest last but for the main one. */
export function actionsIn(state: JourneyState, paused: boolean): LifeCycleAction[] {
  const halt: LifeCycleAction = paused ? "resume" : "pause";
  switch (state) {
    case "scheduled":
      return ["abort"];
    case "live":
      return [halt, "close", "abort"];
    case "closed":
      return [halt, "abort"];
    default:
      return [];
  }
}

/** Whatever runs, or will by itself, is ended first. */
export const mayDelete = (state: JourneyState) =>
  state === "draft" || state === "finished" || state === "aborted";

/** The end of what runs, or will by itself, can be moved. */
export const mayMoveEnd = (state: JourneyState) => state === "live" || state === "scheduled";
