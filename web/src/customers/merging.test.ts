import type { Merged } from "../api/types";
import { consequencesOf } from "./merging";

const NOTHING: Merged = {
  keep: "A",
  gone: "B",
  filled: [],
  kept: [],
  relations: 0,
  lists: 0,
  groups_moved: 0,
  groups_united: 0,
  members_moved: 0,
  members_decided: 0,
  scores: 0,
  activities: 0,
  messages: 0,
  records: 0,
  trips_moved: 0,
  trips_ended: 0,
};

it("tells what goes over, and whose value holds where two differ", () => {
  const told = consequencesOf({
    ...NOTHING,
    filled: ["sic_code"],
    kept: ["job_title", "city"],
    activities: 1200,
    trips_ended: 1,
  });
  expect(told).toEqual([
    "Taken over, because it was empty: SIC code",
    "Different, and A’s own value stays: Job title and City",
    "1,200 activities go over",
    "1 trip ends as removed, because both are inside the same journey",
  ]);
});

it("says so when there is nothing to take over", () => {
  expect(consequencesOf(NOTHING)).toEqual(["B has nothing to take over; it is only taken away."]);
});
