import {
  addPath,
  type Change,
  insertBoxAction,
  insertNode,
  mergeable,
  movePath,
  removeBranch,
  removeNode,
  removeNodes,
  removePath,
  resplit,
  setBranch,
  setJoined,
  setTimeoutPath,
} from "./changes";
import { copyOf, copyOfSeveral, paste, pasteIntoBox } from "./clipboard";
import { type Manifest, pathsOf, standingOf } from "./manifest";
import { aDraft } from "./manifest.test-support";
import { allOutlets, branchFrom, deadEndsOf } from "./outlets";

function done(change: Change): Manifest {
  if ("refused" in change) throw new Error(`refused: ${change.refused}`);
  return change.manifest;
}
const refusal = (change: Change) => ("refused" in change ? change.refused : undefined);
const leads = (manifest: Manifest) =>
  allOutlets(manifest).map(({ from, path, to }) => `${from}${path ? `:${path}` : ""}>${to}`);
const pathsAt = (manifest: Manifest, id: string) =>
  pathsOf(manifest.nodes[id] ?? { type: "split" });

describe("paths", () => {
  it("leave nodes where the manifest says so", () => {
    expect(leads(aDraft())).toEqual([
      "audience>send",
      "send>heard",
      "heard>size",
      "heard:timeout>done",
      "size:Big>people",
      "size:other>done",
      "people>done",
      "done>null",
    ]);
  });

  it("end a trip where a split has no path for the rest", () => {
    const { other: _, ...size } = aDraft().nodes.size ?? { type: "split" };
    expect(deadEndsOf("size", { ...size, type: "split" }, "account")).toEqual([
      { from: "size", path: "other" },
    ]);
  });
});

describe("adding", () => {
  it("puts a node between two others, and selects it", () => {
    const change = insertNode(aDraft(), "/nodes/send/next", { type: "wait" });
    expect(change).toMatchObject({ select: "wait" });
    expect(leads(done(change)).slice(0, 2)).toEqual(["audience>send", "send>wait"]);
    expect(leads(done(change))).toContain("wait>heard");
  });

  it("lets the rest of the journey follow a split's first path", () => {
    const draft = done(insertNode(aDraft(), "/nodes/done/next", { type: "split" }));
    expect(leads(draft)).toContain("done>split");
    const between = done(insertNode(aDraft(), "/nodes/send/next", { type: "split" }));
    expect(leads(between)).toContain("split:Path 1>heard");
    expect(leads(between)).toContain("split:other>null");
  });

  it("begins an empty journey", () => {
    const empty: Manifest = { key: "new", subject: "account", nodes: {} };
    expect(leads(done(insertNode(empty, "/entry", { type: "wait" })))).toEqual([
      "audience>wait",
      "wait>null",
    ]);
  });

  it("gives every node and every action in a box a name of its own", () => {
    const list = "/nodes/people/paths/0/actions";
    const draft = done(insertBoxAction(aDraft(), list, 0, "send_email"));
    expect(pathsAt(draft, "people")[0]?.actions?.map(({ id }) => id)).toEqual(["send-email", "d1"]);
    expect(standingOf(draft, "send-email")).toMatchObject({ kind: "boxed", box: "people" });
  });
});

describe("guard rails", () => {
  it("close the gap of a node with one way on", () => {
    expect(leads(done(removeNode(aDraft(), "send")))[0]).toBe("audience>heard");
  });

  it("keep a node whose paths lead to different places, and say why", () => {
    expect(refusal(removeNode(aDraft(), "size"))).toBe("several_paths");
    expect(refusal(removeNode(aDraft(), "heard"))).toBe("timeout_path");
    expect(refusal(resplit(aDraft(), "size", "person"))).toBe("several_paths");
  });

  it("keep a merge until one path is left", () => {
    let draft = aDraft();
    expect(refusal(removeNode(draft, "done"))).toBe("several_ways_in");
    for (const at of ["/nodes/heard/timeout/next", "/nodes/size/other/next"])
      draft = done(setJoined(draft, "done", at, false));
    expect(refusal(setJoined(draft, "done", "/nodes/people/next", false))).toBe("last_path");
    expect(leads(done(removeNode(draft, "done")))).toContain("people>null");
  });

  it("keep a path that nodes stand on, and the last one", () => {
    const two = done(addPath(aDraft(), "size"));
    expect(refusal(removePath(two, "size", 0))).toBe("path_in_use");
    expect(refusal(removePath(aDraft(), "size", 0))).toBe("last_path");
    expect(pathsAt(done(removePath(two, "size", 1)), "size")).toHaveLength(1);
  });

  it("let a path go that only joins a merge", () => {
    expect(done(setBranch(aDraft(), "size", "other", false)).nodes.size?.other).toBeUndefined();
    const silent = done(setTimeoutPath(aDraft(), "heard", false));
    expect(leads(silent)).not.toContain("heard:timeout>done");
  });
});

describe("splits", () => {
  it("order their paths, and share out what variants get", () => {
    const moved = done(movePath(done(addPath(aDraft(), "size")), "size", 0, 1));
    expect(pathsAt(moved, "size").map((path) => path.label)).toEqual(["Path 2", "Big"]);
    const variant = done(insertNode(aDraft(), "/nodes/send/next", { type: "variant_split" }));
    const three = done(addPath(variant, "variant-split"));
    expect(pathsAt(three, "variant-split").map((path) => path.percent)).toEqual([34, 33, 33]);
  });
});

describe("merging", () => {
  it("offers open ends that do not come from the merge itself", () => {
    const draft = aDraft();
    const wait = { type: "wait", next: null };
    const size = { ...draft.nodes.size, type: "split", other: { next: "wait" } };
    const offered = mergeable({ ...draft, nodes: { ...draft.nodes, size, wait } }, "done");
    expect(offered.map(({ from, joined }) => `${from} ${joined}`)).toEqual([
      "heard true",
      "people true",
      "wait false",
    ]);
  });
});

describe("branches", () => {
  it("reach up to where other paths come in", () => {
    expect([...branchFrom(aDraft(), "size")].sort()).toEqual(["people", "size"]);
  });

  it("go as a whole", () => {
    const draft = done(removeBranch(aDraft(), "size"));
    expect(Object.keys(draft.nodes)).toEqual(["send", "heard", "done"]);
    expect(leads(draft)).toContain("heard>null");
  });

  it("are pasted under new names, and what followed there follows them", () => {
    const copied = copyOf(aDraft(), "people", true);
    if (!copied) throw new Error("nothing was copied");
    const draft = done(paste(aDraft(), "/nodes/send/next", copied));
    expect(leads(draft)).toEqual(expect.arrayContaining(["send>people-2", "people-2>heard"]));
    expect(pathsAt(draft, "people-2")[0]?.actions?.[0]).toMatchObject({ id: "d1-2", email: "roi" });
  });
});

describe("several nodes", () => {
  it("are copied as one piece: paths between them stay, gaps close", () => {
    const copied = copyOfSeveral(aDraft(), new Set(["size", "send", "people"]));
    if (!copied) throw new Error("nothing was copied");
    expect(copied.first).toBe("send");
    const draft = done(paste(aDraft(), "/nodes/done/next", copied));
    expect(leads(draft).slice(-4)).toEqual([
      "send-2>size-2",
      "size-2:Big>people-2",
      "size-2:other>null",
      "people-2>null",
    ]);
  });

  it("are taken away together, each piece closing its gap", () => {
    const draft = done(removeNodes(aDraft(), new Set(["size", "people", "send"])));
    expect(leads(draft)).toEqual([
      "audience>heard",
      "heard>done",
      "heard:timeout>done",
      "done>null",
    ]);
  });

  it("stay where what is left could not be joined again", () => {
    expect(refusal(removeNodes(aDraft(), new Set(["heard", "send"])))).toBe("several_paths");
  });
});

describe("an action of a people box", () => {
  const list = "/nodes/people/other/actions";

  it("is pasted into another path of a box, and onto a path of the map", () => {
    const copied = copyOf(aDraft(), "d1", false);
    if (!copied) throw new Error("nothing was copied");
    const boxed = done(pasteIntoBox(aDraft(), list, 0, copied));
    expect(boxed.nodes.people?.other).toEqual({
      actions: [{ id: "send-email", action: "send_email", email: "roi" }],
    });
    const onward = done(paste(aDraft(), "/nodes/done/next", copied));
    expect(onward.nodes["d1-2"]).toEqual({
      type: "action",
      on: "people",
      action: "send_email",
      email: "roi",
      next: null,
    });
  });

  it("is what alone a box takes in", () => {
    const copied = copyOf(aDraft(), "size", false);
    if (!copied) throw new Error("nothing was copied");
    expect(done(pasteIntoBox(aDraft(), list, 0, copied))).toEqual(aDraft());
  });
});
