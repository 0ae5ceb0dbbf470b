import { screen } from "@testing-library/react";
import { feedersQuery } from "../api/queries";
import { renderInApp } from "../test-render";
import { Confirm } from "./Confirm";
import type { LifeCycleAction } from "./states";

const show = (action: LifeCycleAction) =>
  renderInApp(<Confirm journey="nurture" action={action} onClose={() => {}} />, (cache) =>
    cache.setQueryData(feedersQuery("nurture").queryKey, {
      items: [{ journey: "win-back", nodes: ["on"] }],
    }),
  );

it("says before a journey is closed who would send travellers there in vain", () => {
  show("close");
  const told = screen.getByRole("alert");
  expect(told).toHaveTextContent("The journey win-back sends travellers here, at on.");
  expect(told).toHaveTextContent("does nothing");
});

it("says nothing of it where entries go on", () => {
  show("resume");
  expect(screen.queryByRole("alert")).toBeNull();
});
