import { closes, executions, outcomeRows, pathCount } from "./counts";
import { boxOf, graphOf, isPublished, nodeOf, PLAY, titleOf } from "./graph";
import { aMap, aStatus } from "./sample.test-support";

describe("what is drawn", () => {
  it("starts with a play before the audience and ends with a stop after the last node", () => {
    const { items, links } = graphOf(aMap());
    expect(items[0]).toEqual({ id: PLAY, type: "play" });
    expect(items.filter((item) => item.type === "stop")).toHaveLength(1);
    expect(links.find((link) => link.source === PLAY)?.target).toBe("audience");
    expect(links.at(-1)?.source).toBe("done");
  });

  it("gives a split without other its own stop, since trips may end there without a path", () => {
    const map = aMap();
    const split = map.nodes.find((node) => node.id === "size");
    if (split) split.ends = true;
    const { links } = graphOf(map);
    const end = links.find((link) => link.source === "size" && link.target.startsWith("stop:"));
    expect(end?.count).toEqual({ node: "size", kind: "ending", less: [] });
  });

  it("leaves out an edge to a node that is not on the map", () => {
    const map = aMap();
    map.edges.push({ from: "size", to: "nowhere", path: "Ghost", label: "Ghost" });
    expect(graphOf(map).links.some((link) => link.label === "Ghost")).toBe(false);
  });

  it("draws nothing for an empty map", () => {
    expect(graphOf({ ...aMap(), nodes: [], edges: [] })).toEqual({ items: [], links: [] });
  });
});

describe("an action inside a box", () => {
  const map = aMap();
  const box = map.nodes.find((node) => node.box);
  const action = box?.box?.[0]?.actions[0];

  it("is found with its own icon, and with the box that holds it", () => {
    expect(action).toBeDefined();
    const id = action?.id ?? "";
    expect(nodeOf(map, id)).toEqual({ title: action?.title, icon: action?.icon, family: "action" });
    expect(boxOf(map, id)).toBe(box);
  });

  it("is not looked for in nodes of the map itself", () => {
    expect(boxOf(map, box?.id)).toBeUndefined();
    expect(boxOf(map, undefined)).toBeUndefined();
    expect(nodeOf(map, "nowhere")).toBeUndefined();
  });
});

describe("numbers on paths", () => {
  const { links } = graphOf(aMap());
  const count = (source: string, label: string | null) =>
    links.find((link) => link.source === source && link.label === label)?.count;

  it("reads a labelled path by its key", () => {
    const enterprise = count("size", "Enterprise");
    expect(enterprise && pathCount(aStatus(), enterprise)).toBe(118);
  });

  it("gives the plain way on what left by no labelled path", () => {
    const heard = count("heard", null);
    expect(heard && pathCount(aStatus(), heard)).toBe(300 - 90);
  });

  it("counts the end of the journey by what ended at its last node", () => {
    const end = count("done", null);
    expect(end && pathCount(aStatus(), end)).toBe(290);
  });

  it("counts those who ended on a labelled way out that is not among the paths", () => {
    const map = aMap();
    const other = map.edges.find((edge) => edge.from === "size" && edge.path === "other");
    if (other) other.to = null;
    const end = graphOf(map).links.find((link) => link.source === "size" && link.label === "Other");
    const status = aStatus();
    status.nodes.size = {
      reached: 210,
      current: 0,
      left: 118,
      ended: 92,
      paths: { Enterprise: 118 },
    };
    expect(end?.count && pathCount(status, end.count)).toBe(92);
  });

  it("knows nothing of a node that the status does not name", () => {
    expect(
      pathCount({ ...aStatus(), nodes: {} }, { node: "size", kind: "onward", less: [] }),
    ).toBeUndefined();
  });
});

describe("the law of a node", () => {
  it("closes when reached is left plus current plus ended", () => {
    expect(closes({ reached: 10, left: 6, current: 3, ended: 1, paths: {} })).toBe(true);
    expect(closes({ reached: 10, left: 6, current: 3, ended: 0, paths: {} })).toBe(false);
  });
});

describe("outcomes", () => {
  it("adds reasons up, puts the most frequent first and leaves out what never happened", () => {
    const rows = outcomeRows({
      pending: 0,
      held: [],
      done: 5,
      no_op: {},
      skipped: { email_missing: 1, unsubscribed: 3 },
      failed: {},
      in_doubt: 0,
    });
    expect(rows.map((row) => row.kind)).toEqual(["done", "skipped"]);
    expect(rows[1]?.reasons).toEqual([
      ["unsubscribed", 3],
      ["email_missing", 1],
    ]);
    expect(executions(rows)).toBe(9);
  });
});

it("finds titles of nodes and of actions inside a box", () => {
  expect(titleOf(aMap(), "send")).toBe("Send email");
  expect(titleOf(aMap(), "d1")).toBe("Send offer");
  expect(titleOf(aMap(), "gone")).toBe("gone");
  expect(titleOf(undefined, "send")).toBe("send");
});

it("takes version 0 for the draft", () => {
  expect(isPublished({ ...aMap(), version: 0 })).toBe(false);
  expect(isPublished(aMap())).toBe(true);
});
