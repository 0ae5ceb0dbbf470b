// How an account's people fill its buying groups: which role has how many, and who is in several. No React in here.
import type { BuyingGroup } from "../api/types";

export type Coverage = {
  /** Roles that somebody has, in the order in which they are met. */
  roles: string[];
  rows: { group: BuyingGroup; counts: number[] }[];
};

export function coverageOf(groups: BuyingGroup[]): Coverage {
  const roles = [...new Set(groups.flatMap(({ members }) => members.map(({ role }) => role)))];
  const countOf = ({ members }: BuyingGroup, role: string) =>
    members.filter((member) => member.role === role).length;
  return {
    roles,
    rows: groups.map((group) => ({ group, counts: roles.map((role) => countOf(group, role)) })),
  };
}

export type Overlap = {
  person: string;
  name: string;
  places: { group: BuyingGroup; role: string }[];
};

/** People who are in more than one group, those in most first. */
export function overlapsOf(groups: BuyingGroup[]): Overlap[] {
  const found = new Map<string, Overlap>();
  for (const group of groups)
    for (const { person, name, role } of group.members) {
      const one = found.get(person) ?? { person, name: name ?? person, places: [] };
      one.places.push({ group, role });
      found.set(person, one);
    }
  return [...found.values()]
    .filter(({ places }) => places.length > 1)
    .sort((a, b) => b.places.length - a.places.length || a.name.localeCompare(b.name));
}
