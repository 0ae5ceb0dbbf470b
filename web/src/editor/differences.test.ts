import { differences } from "./differences";
import { neighbour } from "./keys";
import { write } from "./manifest";
import { aDraft } from "./manifest.test-support";

it("tells nodes that came, went and changed, field by field", () => {
  const before = aDraft();
  const { people: _, ...nodes } = before.nodes;
  const pause = { type: "wait", next: null };
  const after = write(
    { ...before, name: "Renamed", nodes: { ...nodes, pause } },
    "/nodes/send/email",
    "other",
  );
  expect(differences(before, after)).toEqual([
    {
      node: undefined,
      kind: "changed",
      fields: [{ name: "name", before: "Nurture", after: "Renamed" }],
    },
    { node: "send", kind: "changed", fields: [{ name: "email", before: "hello", after: "other" }] },
    { node: "people", kind: "removed", fields: [] },
    { node: "pause", kind: "added", fields: [] },
  ]);
});

it("finds none where only the order of fields differs", () => {
  const before = aDraft();
  const send = {
    next: "heard",
    email: "hello",
    action: "send_email",
    on: "people",
    type: "action",
  };
  expect(differences(before, { ...before, nodes: { ...before.nodes, send } })).toEqual([]);
});

it("walks along the paths and between them by the arrow keys", () => {
  const draft = aDraft();
  expect(neighbour(draft, "audience", "ArrowRight")).toBe("send");
  expect(neighbour(draft, "send", "ArrowLeft")).toBe("audience");
  expect(neighbour(draft, "size", "ArrowDown")).toBe("done");
  expect(neighbour(draft, "done", "ArrowLeft")).toBe("heard");
  expect(neighbour(draft, "done", "ArrowRight")).toBeUndefined();
});
