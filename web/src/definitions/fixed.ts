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
  roles_template: { live: ["roles"] },
  stage_model: { saved: ["name"], live: ["stages"] },
  weighting_model: { live: ["name", "bands", "activities"] },
};

/** A model that gave way to another is as fixed as one in force. */
const PUBLISHED = ["live", "archived"];
const isPublished = (stored: Fields) => PUBLISHED.includes(String(stored.state));

/** The fields of a stored definition that stay as they are. */
export function fixedOf(kind: string, stored: Fields): string[] {
  const { saved = [], live = [] } = FIXED[kind] ?? {};
  return isPublished(stored) ? [...saved, ...live] : saved;
}

/** Kinds that are fixed with their first publishing, so that they begin as drafts. */
export const beginsAsDraft = (kind: string): boolean => kind in LOCKS;

/** Whether a changed copy is the way on; otherwise the sentence says what is. */
const LOCKS: Record<string, { copy: boolean }> = {
  roles_template: { copy: true },
  stage_model: { copy: false },
  weighting_model: { copy: true },
};

/** Why what makes a definition up is fixed now, as a name in the catalogue, and whether a copy is the way on. */
export function lockOf(kind: string, stored: Fields): { why: string; copy: boolean } | undefined {
  const lock = LOCKS[kind];
  if (!lock || !isPublished(stored)) return undefined;
  return { ...lock, why: stored.state === "archived" ? `${kind}_archived` : kind };
}

/** What a kind's form leaves out, since it says nothing of a definition like this one. */
export function idleOf(kind: string, stored: Fields): string[] {
  if (kind !== "account_list" && kind !== "people_list") return [];
  const byHand = kind === "account_list" ? ["accounts"] : ["people", "destinations"];
  return stored.type === "dynamic" ? byHand : ["when"];
}
