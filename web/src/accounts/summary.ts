// What is to be said about an account in a few sentences, from what its page knows. No React in here.
import type { Account, BuyingGroup } from "../api/types";
import { strings } from "../strings";
import { missingRoles } from "./coverage";
import { groupName } from "./places";

const text = strings.accounts.sentences;

/** The groups that do most, those without a score left out. */
export const mostEngaged = (groups: BuyingGroup[], most: number): BuyingGroup[] =>
  groups
    .filter(({ engagement }) => (engagement ?? 0) > 0)
    .sort((a, b) => (b.engagement ?? 0) - (a.engagement ?? 0))
    .slice(0, most);

export function sentencesAbout(account: Account, groups: BuyingGroup[]): string[] {
  const running = account.journeys.filter(({ state }) => state === "active");
  const names = [...new Set(running.map(({ name, journey }) => name ?? journey))];
  const [best] = mostEngaged(groups, 1);
  const said: (string | false)[] = [
    account.people === 0 && text.nobody,
    names.length > 0 && text.nowIn(names.join(", ")),
    best !== undefined && text.mostEngaged(groupName(best), Math.round(best.engagement ?? 0)),
    ...groups.map((group) => {
      const missing = missingRoles(group);
      return missing.length > 0 && text.missing(missing.join(", "), groupName(group));
    }),
  ];
  return said.filter((sentence) => sentence !== false);
}
