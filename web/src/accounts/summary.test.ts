import type { Account, BuyingGroup } from "../api/types";
import { mostEngaged, sentencesAbout } from "./summary";

const group = (name: string, engagement: number | null, members: string[]) =>
  ({
    id: name,
    name,
    engagement,
    roles: [
      { role: "Champion", required: true },
      { role: "Adviser", required: false },
    ],
    members: members.map((role) => ({ person: role, role, left_account: false })),
  }) as unknown as BuyingGroup;

const GROUPS = [
  group("CRM", 12, ["Champion"]),
  group("ERP", 63.6, ["Adviser"]),
  group("New", null, ["Champion"]),
];

const account = (journeys: [string, string][], people = 3) =>
  ({
    people,
    journeys: journeys.map(([name, state]) => ({ name, state, journey: name.toLowerCase() })),
  }) as unknown as Account;

it("says where the account is now, what does most and what is missing, and nothing else", () => {
  const running = account([
    ["Welcome", "active"],
    ["Welcome", "active"],
    ["Offer", "ended"],
  ]);
  expect(sentencesAbout(running, GROUPS)).toEqual([
    "Now in Welcome.",
    "ERP is the most engaged buying group, at 64 of 100.",
    "Nobody is Champion for ERP yet.",
  ]);
});

it("says that nobody is known, and nothing about groups that are not there", () => {
  expect(sentencesAbout(account([], 0), [])).toEqual(["Nobody of this account is known yet."]);
});

it("puts the most engaged groups first and leaves out those without a score", () => {
  expect(mostEngaged(GROUPS, 3).map(({ name }) => name)).toEqual(["ERP", "CRM"]);
});
