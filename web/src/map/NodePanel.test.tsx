import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { nodeTravellersQuery, PLACES, type PlaceOfTraveller, statusQuery } from "../api/queries";
import type { NodeTraveller } from "../api/types";
import { formatInstant } from "../shell/format";
import { renderInApp } from "../test-render";
import { SceneContext } from "./live";
import { NodePanel } from "./NodePanel";
import { OutcomeTable } from "./OutcomeTable";
import { aMap, aStatus } from "./sample.test-support";
import type { Shown } from "./shown";

const traveller = (id: string, more: Partial<NodeTraveller>): NodeTraveller => ({
  id,
  journey: "nurture",
  node: "send",
  node_title: "Send email",
  entered_at: "2026-12-01T09:00:00Z",
  traveller: { subject: "account", key: id, name: `Account ${id}` },
  entry: 1,
  state: "active",
  arrived_at: "2026-12-01T09:00:00Z",
  left_at: null,
  path: null,
  outcome: null,
  due_at: null,
  held: [],
  ...more,
});

/** A panel as the map opens it: which travellers are shown stands beside it. */
function Opened({ id, onClose }: { id: string; onClose: () => void }) {
  const [shown, setShown] = useState<Shown>({});
  const scene = {
    journey: "nurture",
    subject: "account" as const,
    published: true,
    open: (_node: string | undefined, _beside?: boolean, next?: Shown) => setShown(next ?? {}),
    toggleBox: vi.fn(),
  };
  return (
    <SceneContext value={scene}>
      <NodePanel map={aMap()} id={id} shown={shown} onClose={onClose} />
    </SceneContext>
  );
}

function panelOf(id: string, people: Partial<Record<PlaceOfTraveller, NodeTraveller[]>> = {}) {
  const onClose = vi.fn();
  renderInApp(<Opened id={id} onClose={onClose} />, (cache) => {
    cache.setQueryData(statusQuery("nurture").queryKey, aStatus());
    for (const place of PLACES) {
      const page = { items: people[place] ?? [], next_cursor: null };
      cache.setQueryData(nodeTravellersQuery("nurture", id, place).queryKey, {
        pages: [page],
        pageParams: [undefined],
      });
    }
  });
  return { onClose };
}

it("shows the figures of a node as the sum they are", () => {
  panelOf("heard");
  const figures = within(screen.getByRole("region", { name: "Performance" }));
  const shown = figures.getAllByText(/^\d+$/).map((figure) => figure.textContent);
  expect(shown).toEqual(["320", "300", "20", "0"]);
  expect(screen.getByRole("region", { name: "Paths taken" })).toHaveTextContent("Timeout90");
});

it("lists who is here, and on demand who came by, each leading to its timeline", async () => {
  panelOf("heard", {
    current: [traveller("enr_1", {})],
    reached: [traveller("enr_2", { left_at: "2026-12-02T09:00:00Z", path: "timeout" })],
  });
  expect(screen.getByRole("link", { name: /Account enr_1/ })).toHaveAttribute(
    "href",
    "/journeys/nurture/travellers/enr_1",
  );
  await userEvent.click(screen.getByRole("radio", { name: "Reached" }));
  expect(screen.getByRole("link", { name: /Account enr_2/ })).toHaveTextContent("Timeout");
  await userEvent.click(screen.getByRole("radio", { name: "Ended here" }));
  expect(screen.getByText("Nobody's trip has ended here.")).toBeVisible();
});

it("finds one of many travellers, and says when nobody is like that", async () => {
  const page = (items: NodeTraveller[]) => ({
    pages: [{ items, next_cursor: null }],
    pageParams: [undefined],
  });
  const asked = (q: string) => nodeTravellersQuery("nurture", "heard", "current", { q }).queryKey;
  renderInApp(<Opened id="heard" onClose={vi.fn()} />, (cache) => {
    cache.setQueryData(statusQuery("nurture").queryKey, aStatus());
    const all = nodeTravellersQuery("nurture", "heard", "current").queryKey;
    cache.setQueryData(all, page([traveller("ada", {}), traveller("bolt", {})]));
    cache.setQueryData(asked("bol"), page([traveller("bolt", {})]));
    cache.setQueryData(asked("nobody"), page([]));
  });
  const search = screen.getByRole("searchbox", { name: "Search these travellers" });
  await userEvent.type(search, "bol");
  await waitFor(() => expect(screen.queryByRole("link", { name: /Account ada/ })).toBeNull());
  expect(screen.getByRole("link", { name: /Account bolt/ })).toBeVisible();
  await userEvent.clear(search);
  await userEvent.type(search, "nobody");
  expect(await screen.findByText("None of these travellers matches.")).toBeVisible();
});

it("shows an action inside a box, which counts people and has no travellers", () => {
  panelOf("d1");
  expect(screen.getByRole("heading", { name: "Send offer" })).toBeVisible();
  expect(screen.getByText("Counts people")).toBeVisible();
  expect(screen.queryByRole("region", { name: "Travellers" })).toBeNull();
});

it("closes", async () => {
  const { onClose } = panelOf("heard");
  await userEvent.click(screen.getByRole("button", { name: "Close the panel" }));
  expect(onClose).toHaveBeenCalledOnce();
});

it("says how many messages wait, for what, and when the next of them go on", () => {
  const until = "2026-12-02T07:00:00Z";
  const rows = [{ kind: "pending" as const, count: 13, reasons: [] as [string, number][] }];
  const held = [
    { reason: "quiet_hours", count: 12, until },
    { reason: "connection_paused", count: 1, until: null },
  ];
  renderInApp(<OutcomeTable rows={rows} held={held} />);
  expect(
    screen.getByText(`12 held by quiet hours, the next go on ${formatInstant(until)}`),
  ).toBeVisible();
  expect(screen.getByText("1 held while the connection is paused")).toBeVisible();
});
