import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { PersonOutcome, TripItem } from "../api/types";
import { formatInstant } from "../shell/format";
import { renderInApp } from "../test-render";
import { TripTimeline } from "./TripTimeline";

const sent = (n: number): PersonOutcome => ({
  person: { subject: "person", key: `p${n}`, name: `Person ${n}` },
  outcome: "done",
  reason: null,
  message: null,
});
const acted = (outcomes: PersonOutcome[]): TripItem => ({
  at: "2026-12-01T09:00:00Z",
  kind: "acted",
  node: "hello",
  title: "Send email",
  path: null,
  outcomes,
  detail: null,
});

it("says of a sales alert what came of it for each colleague", () => {
  const told = (address: string, outcome: string, reason: string | null) => ({
    person: null,
    address,
    outcome,
    reason,
    message: null,
  });
  const items = [
    acted([
      told("one@example.com", "done", null),
      told("two@example.com", "bounced", "bounced_hard"),
      told("three@example.com", "skipped", "suppressed"),
    ]),
  ];
  renderInApp(<TripTimeline items={items} map={undefined} />);
  const lines = within(screen.getAllByRole("list")[1] as HTMLElement).getAllByRole("listitem");
  expect(lines.map((line) => line.textContent)).toEqual([
    "one@example.com Done",
    "two@example.com Came back: bounced hard",
    "three@example.com Skipped: suppressed",
  ]);
});

it("says for each person what came of it, and why not", () => {
  const skipped = { ...sent(2), outcome: "skipped", reason: "unsubscribed" };
  const failed = {
    ...sent(3),
    outcome: "failed",
    reason: "hard_bounce",
    message: "550 no such mailbox",
  };
  renderInApp(<TripTimeline items={[acted([sent(1), skipped, failed])]} map={undefined} />);
  const people = within(screen.getAllByRole("list")[1] as HTMLElement).getAllByRole("listitem");
  expect(people.map((person) => person.textContent)).toEqual([
    "Person 1 Done",
    "Person 2 Skipped: unsubscribed",
    "Person 3 Failed: hard bounce – 550 no such mailbox",
  ]);
});

it("keeps a long list short until asked", async () => {
  renderInApp(
    <TripTimeline items={[acted(Array.from({ length: 20 }, (_, n) => sent(n)))]} map={undefined} />,
  );
  expect(screen.queryByText("Person 19")).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Show all 20" }));
  expect(screen.getByText("Person 19")).toBeVisible();
});

it("names the path that was taken and how the trip ended", () => {
  const items: TripItem[] = [
    {
      at: "2026-12-01T09:00:00Z",
      kind: "moved",
      node: "size",
      title: "Split paths",
      path: "other",
      outcomes: [],
      detail: null,
    },
    {
      at: "2026-12-01T09:00:00Z",
      kind: "ended",
      node: "done",
      title: "Merge",
      path: "completed",
      outcomes: [],
      detail: null,
    },
  ];
  renderInApp(<TripTimeline items={items} map={undefined} />);
  expect(screen.getByText("Took the path Other")).toBeVisible();
  expect(screen.getByText("Completed")).toBeVisible();
});

it("says what holds a message that has not left, and when it goes on", () => {
  const until = "2026-12-02T07:00:00Z";
  const held = { ...sent(1), outcome: "pending", reason: "quiet_hours", until };
  const asked = { ...sent(2), outcome: "pending", reason: "hold", until: null };
  renderInApp(<TripTimeline items={[acted([held, asked])]} map={undefined} />);
  const people = within(screen.getAllByRole("list")[1] as HTMLElement).getAllByRole("listitem");
  expect(people.map((person) => person.textContent?.trim())).toEqual([
    `Person 1 Pending: held by quiet hours, goes on ${formatInstant(until)}`,
    "Person 2 Pending: held with everything else that would leave",
  ]);
});
