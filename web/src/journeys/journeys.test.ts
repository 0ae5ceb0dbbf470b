import type { JourneyStatus } from "../api/types";
import { NOBODY } from "../map/sample.test-support";
import { arcsOf } from "../shell/ring";
import { ringParts } from "./ring";
import { actionsIn, mayDelete } from "./states";
import { endWord, outcomeWord } from "./words";

describe("life cycle", () => {
  it("offers only what the state allows", () => {
    expect(actionsIn("draft", false)).toEqual([]);
    expect(actionsIn("live", false)).toEqual(["pause", "close", "abort"]);
    expect(actionsIn("live", true)).toEqual(["resume", "close", "abort"]);
    expect(actionsIn("closed", false)).toEqual(["pause", "abort"]);
    expect(actionsIn("scheduled", false)).toEqual(["abort"]);
    expect(actionsIn("finished", false)).toEqual([]);
    expect(actionsIn("aborted", true)).toEqual([]);
  });

  it("deletes only what does not run", () => {
    const states = ["draft", "scheduled", "live", "closed", "finished", "aborted"] as const;
    expect(states.filter(mayDelete)).toEqual(["draft", "finished", "aborted"]);
  });
});

const trips = (more: Partial<JourneyStatus["travellers"]> = {}): JourneyStatus["travellers"] => ({
  ...NOBODY,
  ...more,
});

describe("status ring", () => {
  it("goes once around when everybody is accounted for", () => {
    const parts = arcsOf(ringParts(trips({ active: 2, completed: 7, timed_out: 1 })), 10);
    expect(parts.map((part) => part.state)).toEqual(["active", "completed", "timed_out"]);
    expect(parts.reduce((sum, part) => sum + part.share, 0)).toBeCloseTo(1);
    expect(parts[2]?.offset).toBeCloseTo(0.9);
  });

  it("closes with those who are only counted", () => {
    const parts = arcsOf(ringParts(trips({ active: 2, completed: 3, held_out: 5 })), 10);
    expect(parts.map((part) => part.state)).toEqual(["active", "completed", "held_out"]);
    expect(parts.reduce((sum, part) => sum + part.share, 0)).toBeCloseTo(1);
  });

  it("stays empty while nobody has entered", () => {
    expect(arcsOf(ringParts(trips()), 0).every((part) => part.share === 0)).toBe(true);
  });
});

describe("codes as words", () => {
  it("knows ours and reads strangers", () => {
    expect(endWord("no_path")).toBe("No path");
    expect(endWord(null)).toBe("Ended");
    expect(outcomeWord("no_op")).toBe("No change");
    expect(outcomeWord("target_not_live")).toBe("Target not live");
    expect(outcomeWord("constructor")).toBe("Constructor");
  });
});
