import { screen } from "@testing-library/react";
import type { Trip } from "../api/types";
import { renderInApp } from "../test-render";
import { WhyHere } from "./WhyHere";

const here: Trip["here"] = {
  node: "heard",
  title: "Listen",
  version: 1,
  arrived_at: "2026-12-01T09:00:00Z",
  from: "size",
  path: "Large",
  why: {
    text: "It took `Large`, the first path whose condition held.",
    tried: [
      {
        path: "Large",
        held: true,
        tests: [
          { text: "Employees is at least 700", held: true, saw: "900" },
          { text: "Country is FR", held: null, saw: null },
        ],
        to_change: null,
      },
    ],
    people: [],
    turned_down: [],
  },
  to_change: ["form_filled happens from now on."],
  turned_down: [
    {
      event: "form_filled",
      title: "Form filled",
      at: "2026-12-02T09:00:00Z",
      person: { subject: "person", key: "p1", name: "Ada" },
      reason: "Its fields are not those that are asked for.",
    },
  ],
};

it("tells what was decided, what did not count and what would have to change", () => {
  renderInApp(<WhyHere here={here} />);
  const told = screen.getAllByRole("listitem").map((item) => item.textContent);
  expect(told[0]).toBe("Employees is at least 700 held: 900");
  expect(told[1]).toBe("Country is FR not looked at");
  expect(told[2]).toMatch(/^Form filled by Ada, .* Its fields are not those that are asked for\.$/);
  expect(told[3]).toBe("form_filled happens from now on.");
  expect(screen.getByText("Large: its condition held")).toBeVisible();
});

it("leaves out what there is nothing of", () => {
  renderInApp(<WhyHere here={{ ...here, why: null, turned_down: [], to_change: [] }} />);
  expect(screen.queryByRole("listitem")).toBeNull();
  expect(screen.getByText("Why it is here")).toBeVisible();
});
