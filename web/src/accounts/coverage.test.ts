import type { BuyingGroup } from "../api/types";
import { coverageOf, overlapsOf } from "./coverage";

const group = (interest: string, members: [string, string][]) =>
  ({
    id: `grp_${interest}`,
    solution_interest: interest,
    members: members.map(([person, role]) => ({ person, name: null, role, source: "system" })),
  }) as unknown as BuyingGroup;

const GROUPS = [
  group("crm", [
    ["ada", "Champion"],
    ["bo", "Champion"],
    ["cy", "Influencer"],
  ]),
  group("erp", [
    ["bo", "Decision Maker"],
    ["ada", "Influencer"],
  ]),
  group("empty", []),
];

it("counts the people of each role in each group", () => {
  const { roles, rows } = coverageOf(GROUPS);
  expect(roles).toEqual(["Champion", "Influencer", "Decision Maker"]);
  expect(rows.map(({ counts }) => counts)).toEqual([
    [2, 1, 0],
    [0, 1, 1],
    [0, 0, 0],
  ]);
});

it("finds whoever is in several groups, with the role in each", () => {
  const places = overlapsOf(GROUPS).map(({ person, places }) => [
    person,
    ...places.map(({ role }) => role),
  ]);
  expect(places).toEqual([
    ["ada", "Champion", "Influencer"],
    ["bo", "Champion", "Decision Maker"],
  ]);
});
