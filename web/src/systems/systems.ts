// How the kinds that reach other systems are called in addresses, and how they are.
import type { Systems } from "../api/systems";
import type { SystemState } from "../api/types";

const SYSTEMS: Record<string, Systems> = {
  connection: "connections",
  external_action: "external_actions",
  webhook: "webhooks",
};

export const systemsOf = (kind: unknown): Systems => SYSTEMS[String(kind)] ?? "connections";

/** Whether definitions of a kind reach another system. */
export const reaches = (kind: string) => Object.hasOwn(SYSTEMS, kind);

/** What a person wants to know of it at a glance: that it is stopped goes before how it was. */
export type Standing = "healthy" | "failing" | "untested" | "paused" | "switched_off";

export function standingOf(state: SystemState): Standing {
  if (state.disabled_at) return "switched_off";
  return state.paused ? "paused" : state.health;
}
