import { act, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { statusQuery } from "../api/queries";
import type { MapNode } from "../api/types";
import { renderInApp } from "../test-render";
import { Box } from "./Box";
import { Card } from "./Card";
import { type MapScene, SceneContext } from "./live";
import { aMap, aStatus } from "./sample.test-support";

const node = (id: string) => aMap().nodes.find((each) => each.id === id) as MapNode;

function onMap(children: React.ReactNode, more: Partial<MapScene> = {}) {
  const scene: MapScene = {
    journey: "nurture",
    subject: "account",
    published: true,
    open: vi.fn(),
    toggleBox: vi.fn(),
    ...more,
  };
  const view = renderInApp(<SceneContext value={scene}>{children}</SceneContext>);
  // The cache tells its readers in the next turn of the event loop.
  const tell = (status = aStatus()) =>
    act(async () => {
      view.cache.setQueryData(statusQuery("nurture").queryKey, status);
      await new Promise((told) => setTimeout(told, 0));
    });
  return { ...view, scene, tell };
}

describe("a card", () => {
  it("says what it is, how many came and how many stand there", async () => {
    const { tell } = onMap(<Card node={node("heard")} />);
    await tell();
    expect(screen.getByText("Accounts entered").textContent).toBe("Accounts entered 320");
    expect(screen.getByText("at this step").textContent).toBe("20 at this step");
  });

  it("follows the counts, and pulses when somebody arrives", async () => {
    const { tell, container } = onMap(<Card node={node("heard")} />);
    await tell();
    expect(container.querySelector(".pulse")).toBeNull();
    const next = aStatus();
    next.nodes.heard = { reached: 321, current: 21, left: 300, ended: 0, paths: {} };
    await tell(next);
    expect(screen.getByText("at this step").textContent).toBe("21 at this step");
    expect(container.querySelector(".pulse")).not.toBeNull();
  });

  it("opens by keyboard", async () => {
    const { scene } = onMap(<Card node={node("send")} />);
    await userEvent.tab();
    await userEvent.keyboard("{Enter}");
    expect(scene.open).toHaveBeenCalledWith("send", false);
  });

  it("opens the reasons from the bar of outcomes", async () => {
    const { tell } = onMap(<Card node={node("send")} />);
    await tell();
    await userEvent.click(screen.getByRole("button", { name: "Outcomes of Send email" }));
    const reasons = await screen.findByRole("dialog", { name: "Outcomes of Send email" });
    expect(within(reasons).getByText("Unsubscribed")).toBeVisible();
    expect(within(reasons).getByText("93.8%")).toBeVisible();
  });

  it("shows no counts before the journey is published", () => {
    onMap(<Card node={node("send")} />, { published: false });
    expect(screen.queryByText("at this step")).toBeNull();
    expect(screen.queryByRole("button", { name: "Outcomes of Send email" })).toBeNull();
  });
});

describe("a box", () => {
  it("keeps its paths to itself until opened", async () => {
    const { scene } = onMap(
      <Box node={node("people")} open={false} selected={false} selectedInside={undefined} />,
    );
    expect(screen.queryByText("Deciders")).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: /2 paths/ }));
    expect(scene.toggleBox).toHaveBeenCalledWith("people");
  });

  it("shows each path with its count and its actions", async () => {
    const { tell, scene } = onMap(
      <Box node={node("people")} open selected={false} selectedInside={undefined} />,
    );
    await tell();
    const path = screen.getByRole("region", { name: "Deciders" });
    expect(within(path).getByText("40")).toBeVisible();
    expect(within(path).getByText("40 people")).toBeVisible();
    await userEvent.click(within(path).getByRole("button", { name: /^Send offer/ }));
    expect(scene.open).toHaveBeenCalledExactlyOnceWith("d1");
    expect(
      within(screen.getByRole("region", { name: "Other" })).getByText("No actions on this path"),
    ).toBeVisible();
  });
});
