import { addTo, groupAt, hasInnerGroups, subjectAt } from "./paths";

const DE = { account: "country", is: "DE" };
const CHIEF = { person: "job_title", contains: "Chief" };

it("adds to the group at the end of the way, and leaves the others alone", () => {
  const condition = { all: [DE, { any: [DE] }, { not: DE }] };
  expect(addTo(condition, [], DE)).toEqual({ all: [...condition.all, DE] });
  expect(addTo(condition, [1], DE)).toEqual({ all: [DE, { any: [DE, DE] }, { not: DE }] });
  expect(addTo(condition, [2], DE)).toEqual({
    all: [DE, { any: [DE] }, { not: { any: [DE, DE] } }],
  });
});

it("goes into the people that accounts have, and asks about people there", () => {
  const condition = { all: [{ has_people: CHIEF, at_least: 2 }] };
  const path = [0, "has_people"] as const;
  expect(addTo(condition, path, CHIEF)).toEqual({
    all: [{ has_people: { all: [CHIEF, CHIEF] }, at_least: 2 }],
  });
  expect(subjectAt("account", path)).toBe("person");
  expect(subjectAt("account", [0])).toBe("account");
});

it("knows a way that leads to no group", () => {
  const condition = { all: [DE, { any: [] }, { has_people: { all: [] } }] };
  expect(groupAt(condition, [1])).toEqual({ kind: "any", parts: [] });
  expect(groupAt(condition, [2, "has_people"])).toEqual({ kind: "all", parts: [] });
  expect(groupAt(condition, [0])).toBeUndefined();
  expect(groupAt(condition, [2])).toBeUndefined();
  expect(groupAt(condition, [0, "has_people"])).toBeUndefined();
  expect(groupAt(condition, [7])).toBeUndefined();
  expect(hasInnerGroups(condition)).toBe(true);
  expect(hasInnerGroups({ all: [DE] })).toBe(false);
});
