import type { JourneyMap } from "../api/types";
import {
  callsOf,
  comesTooLate,
  countOf,
  extentOf,
  listenersOf,
  NOTHING,
  plus,
  scriptOf,
  soonEnough,
  spread,
  type Way,
} from "./way";

const FROM = "2027-02-01T09:00:00Z";

const map = {
  subject: "account",
  nodes: [
    {
      id: "audience",
      kind: "audience",
      title: "Who enters",
      settings: { events: [{ activity: "x" }] },
    },
    { id: "pause", kind: "wait", title: "Wait", settings: { duration: "3d" } },
    {
      id: "heard",
      kind: "listen",
      title: "Email clicked",
      settings: { event: { activity: "email_clicked" } },
    },
    {
      id: "route",
      kind: "external_split",
      title: "External split paths",
      settings: { service: "tier", paths: [{ label: "Gold" }, { label: "Silver" }] },
    },
  ],
} as unknown as JourneyMap;

const way = (part: Partial<Way>): Way => ({ ...NOTHING, ...part });

describe("what happens on the way", () => {
  it("is offered for the journey's own listeners and services", () => {
    expect(listenersOf(map)).toEqual([
      { id: "heard", title: "Email clicked", events: ["email_clicked"] },
    ]);
    expect(callsOf(map)).toEqual([
      { id: "route", title: "External split paths", service: "tier", paths: ["Gold", "Silver"] },
    ]);
  });

  it("is told as the API takes it: by whom, how many of a hundred, and after how long", () => {
    const said = way({
      reactions: {
        heard: [
          { who: { kind: "one", key: "acme" }, after: "3d" },
          { who: { kind: "share", percent: 50 }, after: "2h", type: "email_clicked" },
        ],
      },
      replies: {
        route: [
          { who: { kind: "share", percent: 20 }, gives: "failure" },
          { who: { kind: "all" }, after: "5m", gives: "path", path: "Gold" },
        ],
      },
      deeds: [
        { type: "page_visited", about: "person", key: "ada", after: "1d", fields: { page: "/" } },
      ],
    });
    expect(scriptOf(said, map, FROM)).toEqual({
      reactions: [
        { node: "heard", traveller: "acme", after: "3d" },
        { node: "heard", share: 50, type: "email_clicked", after: "2h" },
      ],
      answers: [
        { service: "tier", node: "route", share: 20, failed: "simulated" },
        { service: "tier", node: "route", after: "5m", path: "Gold" },
      ],
      activities: [
        {
          type: "page_visited",
          person_key: "ada",
          at: "2027-02-02T09:00:00Z",
          fields: { page: "/" },
        },
      ],
    });
    expect(countOf(said, map)).toBe(5);
  });

  it("leaves out whoever is not chosen yet, and nodes that are gone", () => {
    const said = way({
      reactions: { heard: [{ who: { kind: "one" } }], gone: [{ who: { kind: "all" } }] },
      deeds: [{ about: "person", fields: {} }],
    });
    expect(scriptOf(said, map, FROM)).toEqual({ reactions: [], answers: [], activities: [] });
    expect(countOf(said, map)).toBe(0);
  });

  it("is spread with one click and keeps how long it takes", () => {
    const begun = { who: { kind: "all" as const }, after: "2h" };
    const half = spread([], "half", begun);
    expect(half).toEqual([{ who: { kind: "share", percent: 50 }, after: "2h" }]);
    expect(extentOf(half)).toBe("half");
    const all = spread([{ ...begun, after: "9d" }], "everybody", begun);
    expect(all).toEqual([{ who: { kind: "all" }, after: "9d" }]);
    expect([extentOf(all), extentOf([]), extentOf([...all, ...half])]).toEqual([
      "everybody",
      "nobody",
      "some",
    ]);
    expect(spread(all, "nobody", begun)).toEqual([]);
  });

  it("suggests a time within the listener's own, and knows when it is too late", () => {
    const listener = (within?: string) => ({
      id: "heard",
      title: "",
      events: ["x"],
      ...(within ? { within } : {}),
    });
    expect([
      soonEnough(listener()),
      soonEnough(listener("14d")),
      soonEnough(listener("8m")),
    ]).toEqual(["2h", "2h", "4m"]);
    expect(comesTooLate("8m", listener("8m"))).toBe(true);
    expect(comesTooLate("7m", listener("8m"))).toBe(false);
    expect(comesTooLate("9d", listener())).toBe(false);
  });

  it("counts from the start", () => {
    expect([plus(FROM, "30m"), plus(FROM, "2w")]).toEqual([
      "2027-02-01T09:30:00Z",
      "2027-02-15T09:00:00Z",
    ]);
  });
});
