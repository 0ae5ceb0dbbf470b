// How an account's people fill its buying groups: which role has how many, and who is in several. No React in here.
import type { BuyingGroup } from "../api/types";

/** How one role of one group is filled; none where the group has no such role. */
export type Cell = { people: number; missing: boolean } | undefined;

export type Coverage = {
  /** Roles of all groups, in the order in which they are met; those that nobody has among them. */
  roles: string[];
  rows: { group: BuyingGroup; cells: Cell[] }[];
};

/** Those who are still with the account. */
/** Its members who still belong to the account. */
export const here = ({ members }: BuyingGroup) => members.filter((member) => !member.left_account);

export function coverageOf(groups: BuyingGroup[]): Coverage {
  const named = (group: BuyingGroup) => [
    ...group.roles.map(({ role }) => role),
    // A template may have lost a role that somebody still has.
    ...here(group).map(({ role }) => role),
  ];
  const roles = [...new Set(groups.flatMap(named))];
  const cellOf = (group: BuyingGroup, role: string): Cell => {
    if (!named(group).includes(role)) return undefined;
    const people = here(group).filter((member) => member.role === role).length;
    const required = group.roles.some((each) => each.role === role && each.required);
    return { people, missing: required && people === 0 };
  };
  return {
    roles,
    rows: groups.map((group) => ({ group, cells: roles.map((role) => cellOf(group, role)) })),
  };
}

/** The required roles that nobody has. */
export const missingRoles = (group: BuyingGroup): string[] => {
  const { roles, rows } = coverageOf([group]);
  return roles.filter((_, n) => rows[0]?.cells[n]?.missing);
};

export type Overlap = {
  person: string;
  name: string;
  job: string | null | undefined;
  places: { group: BuyingGroup; role: string }[];
};

/** People who are in more than one group, those in most first. */
export function overlapsOf(groups: BuyingGroup[]): Overlap[] {
  const found = new Map<string, Overlap>();
  for (const group of groups)
    for (const { person, name, job_title, role } of here(group)) {
      const one = found.get(person) ?? { person, name: name ?? person, job: job_title, places: [] };
      one.places.push({ group, role });
      found.set(person, one);
    }
  return [...found.values()]
    .filter(({ places }) => places.length > 1)
    .sort((a, b) => b.places.length - a.places.length || a.name.localeCompare(b.name));
}
