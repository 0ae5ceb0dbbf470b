// A small journey for tests: audience → send → heard (timeout) → split → merge → end.
import type { JourneyMap, JourneyStatus, MapNode, NodeStatus } from "../api/types";

export const aNode = (id: string, more: Partial<MapNode> = {}): MapNode => ({
  id,
  kind: "wait",
  family: "flow",
  icon: "clock",
  title: `The ${id}`,
  subtitle: "Wait",
  subject: "account",
  facts: [],
  settings: {},
  ends: false,
  box: null,
  ...more,
});

export const aMap = (): JourneyMap => ({
  key: "nurture",
  name: "Nurture",
  subject: "account",
  state: "live",
  version: 1,
  end: "2027-06-30T00:00:00Z",
  nodes: [
    aNode("audience", { kind: "audience", family: "audience" }),
    aNode("send", {
      kind: "action",
      family: "action",
      title: "Send email",
      subtitle: "Action on people",
      facts: [{ label: "Email", value: "Welcome" }],
    }),
    aNode("heard", { kind: "listen", family: "event" }),
    aNode("size", { kind: "split" }),
    aNode("people", {
      kind: "split",
      box: [
        {
          label: "Deciders",
          path: "Deciders",
          actions: [{ id: "d1", title: "Send offer", icon: "mail", facts: [] }],
        },
        { label: "other", path: "other", actions: [] },
      ],
    }),
    aNode("done", { kind: "merge", ends: true }),
  ],
  edges: [
    { from: "audience", to: "send", path: null, label: null },
    { from: "send", to: "heard", path: null, label: null },
    { from: "heard", to: "size", path: null, label: null },
    { from: "heard", to: "done", path: "timeout", label: "Timeout" },
    { from: "size", to: "people", path: "Enterprise", label: "Enterprise" },
    { from: "size", to: "done", path: "other", label: "Other" },
    { from: "people", to: "done", path: null, label: null },
    { from: "done", to: null, path: null, label: null },
  ],
});

const counts = (
  reached: number,
  current: number,
  left: number,
  more: Partial<NodeStatus> = {},
): NodeStatus => ({
  reached,
  current,
  left,
  ended: reached - current - left,
  paths: {},
  ...more,
});

/** The counts before anybody entered. */
export const NOBODY: JourneyStatus["travellers"] = {
  entered: 0,
  active: 0,
  completed: 0,
  no_path: 0,
  timed_out: 0,
  removed: 0,
  aborted: 0,
  expired: 0,
  held_out: 0,
};

export const aStatus = (): JourneyStatus => ({
  key: "nurture",
  state: "live",
  version: 1,
  paused: false,
  problems: 0,
  travellers: { ...NOBODY, entered: 320, active: 30, completed: 290 },
  not_entered: {},
  nodes: {
    audience: counts(320, 0, 320),
    send: counts(320, 0, 320, {
      outcomes: {
        pending: 0,
        held: [],
        done: 900,
        no_op: {},
        skipped: { unsubscribed: 60 },
        failed: {},
        in_doubt: 0,
      },
    }),
    heard: counts(320, 20, 300, { paths: { timeout: 90 } }),
    size: counts(210, 0, 210, { paths: { Enterprise: 118, other: 92 } }),
    people: counts(118, 10, 108, { paths: { Deciders: 40 } }),
    d1: counts(40, 0, 40),
    done: counts(290, 0, 0),
  },
});
