import type { BuyingGroup } from "../api/types";
import { coverageOf, missingRoles, overlapsOf } from "./coverage";

const member = ([person, role]: [string, string]) => ({
  person,
  name: null,
  job_title: "Clerk",
  role,
  left_account: person === "gone",
  source: "system",
});

const group = (interest: string, roles: [string, boolean][], members: [string, string][]) =>
  ({
    id: `grp_${interest}`,
    solution_interest: interest,
    roles: roles.map(([role, required]) => ({ role, required })),
    members: members.map(member),
  }) as unknown as BuyingGroup;

const GROUPS = [
  group(
    "crm",
    [
      ["Decision Maker", true],
      ["Champion", false],
    ],
    [
      ["ada", "Champion"],
      ["bo", "Champion"],
      ["cy", "Influencer"],
    ],
  ),
  group(
    "erp",
    [["Decision Maker", true]],
    [
      ["bo", "Decision Maker"],
      ["gone", "Decision Maker"],
    ],
  ),
];

it("counts the people of each role in each group, those who left the account aside", () => {
  const { roles, rows } = coverageOf(GROUPS);
  expect(roles).toEqual(["Decision Maker", "Champion", "Influencer"]);
  expect(rows.map(({ cells }) => cells.map((cell) => cell?.people))).toEqual([
    [0, 2, 1],
    [1, undefined, undefined],
  ]);
});

it("marks a required role that nobody has, and no other", () => {
  expect(GROUPS.map(missingRoles)).toEqual([["Decision Maker"], []]);
  const optional = group("hr", [["Champion", false]], [["gone", "Champion"]]);
  expect(missingRoles(optional)).toEqual([]);
  const left = group("hr", [["Champion", true]], [["gone", "Champion"]]);
  expect(missingRoles(left)).toEqual(["Champion"]);
});

it("finds whoever is in several groups, with the role in each", () => {
  const places = overlapsOf(GROUPS).map(({ person, job, places }) => [
    person,
    job,
    ...places.map(({ role }) => role),
  ]);
  expect(places).toEqual([["bo", "Clerk", "Champion", "Decision Maker"]]);
});
