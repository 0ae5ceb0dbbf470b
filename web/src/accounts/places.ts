// A role in one of an account's buying groups.
import type { BuyingGroup } from "../api/types";

export type RolePlace = { group: BuyingGroup; role: string };

/** What a group is for: within an account that is its name. */
export const groupName = (group: BuyingGroup) => group.name ?? group.solution_interest;
