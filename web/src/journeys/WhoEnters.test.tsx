import { screen } from "@testing-library/react";
import type { Review } from "../api/types";
import { renderInApp } from "../test-render";
import { WhoEnters } from "./PublishDialog";

const REVIEW: Review = {
  key: "nurture",
  version: 2,
  state: "live",
  publishable: true,
  findings: [],
  would_enter: 12,
  people: 40,
  would_not_enter: { no_name: 3, inside: 0 },
  messages_first_day: 80,
  standing: [
    { version: 1, active: 5, nodes: {} },
    { version: 0, active: 0, nodes: {} },
  ],
  fed_by: [{ journey: "win-back", nodes: ["on", "off"] }],
};

it("says who would enter, who may not and why, who stays inside, and how much is sent at most", () => {
  renderInApp(<WhoEnters review={REVIEW} />);
  const told = screen.getByRole("region", { name: "Who would enter now" });
  expect(told).toHaveTextContent("12 would enter · 40 people come with them");
  expect(told).toHaveTextContent("3 may not enter: no name");
  expect(told).not.toHaveTextContent("0 may not enter");
  expect(told).toHaveTextContent("5 inside stay on version 1");
  expect(told).toHaveTextContent("The journey win-back sends travellers here, at on and off.");
  expect(told).toHaveTextContent("At most 80 messages");
});
