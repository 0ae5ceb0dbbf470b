// What the server lets nobody change once others count on it, so that forms show it and ask for nothing.
import type { Fields } from "../editor/manifest";

type Fixed = {
  /** From when it was first saved. */
  saved?: string[];
  /** From when it was published. */
  live?: string[];
};

const LIST: Fixed = { saved: ["type"], live: ["when"] };
const FIXED: Record<string, Fixed> = {
  account_list: LIST,
  people_list: LIST,
  data_flow: { live: ["name", "destination", "when"] },
  solution_interest: { saved: ["roles_template"] },
};

/** The fields of a stored definition that stay as they are. */
export function fixedOf(kind: string, stored: Fields): string[] {
  const { saved = [], live = [] } = FIXED[kind] ?? {};
  return stored.state === "live" ? [...saved, ...live] : saved;
}

/** What a kind's form leaves out, since it says nothing of a definition like this one. */
export function idleOf(kind: string, stored: Fields): string[] {
  if (kind !== "account_list" && kind !== "people_list") return [];
  const byHand = kind === "account_list" ? ["accounts"] : ["people", "destinations"];
  return stored.type === "dynamic" ? byHand : ["when"];
}
