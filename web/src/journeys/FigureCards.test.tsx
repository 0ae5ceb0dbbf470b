import { screen, within } from "@testing-library/react";
import { journeyFiguresQuery, messageFiguresQuery } from "../api/figures";
import type { JourneyFigures, JourneyMap, JourneyStatus, MessageFigures } from "../api/types";
import { csvOf } from "../shell/csv";
import { renderInApp } from "../test-render";
import { FigureCards } from "./FigureCards";
import { FUNNEL, funnelLines } from "./FunnelFile";

// Lines are drawn by their library, which needs a size.
vi.mock("../dashboards/charts", () => ({
  Lines: ({ label, rows }: { label: string; rows: object[] }) => (
    <div role="img" aria-label={label}>
      {rows.length} days
    </div>
  ),
}));

const goal = (entered: number, before: number, converted: number, rate: number | null) => ({
  entered,
  before,
  converted,
  rate,
});

const FIGURES: JourneyFigures = {
  key: "grow",
  entered: 40,
  completed: 10,
  completion_rate: 0.25,
  goal: goal(40, 8, 4, 0.125),
  duration: { median_seconds: 5_400, p90_seconds: 3 * 86_400 },
  engagement: { accounts: 40, engaged_accounts: 6, people: 120, engaged_people: 9 },
  days: [
    { day: "2026-12-01", entered: 40, completed: 0 },
    { day: "2026-12-02", entered: 0, completed: 10 },
  ],
  versions: [
    {
      version: 1,
      published_at: "2026-12-01T09:00:00Z",
      entered: 30,
      completed: 10,
      completion_rate: 1 / 3,
      goal: null,
    },
    {
      version: 2,
      published_at: "2026-12-02T09:00:00Z",
      entered: 10,
      completed: 0,
      completion_rate: 0,
      goal: goal(10, 0, 4, 0.4),
    },
  ],
  variants: [],
};

const message = (n: number, channel: MessageFigures["channel"]) =>
  ({
    channel,
    message: `${channel}-${n}`,
    sent: n,
    delivered: n,
    opened: 0,
    clicked: 0,
    bounced: 0,
    unsubscribes: 0,
  }) as MessageFigures;

const show = (figures: JourneyFigures, messages: MessageFigures[] = []) =>
  renderInApp(<FigureCards journey="grow" />, (cache) => {
    cache.setQueryData(journeyFiguresQuery("grow").queryKey, figures);
    cache.setQueryData(messageFiguresQuery({ journey: "grow" }).queryKey, { items: messages });
  });

const cells = (row: HTMLElement) =>
  within(row)
    .getAllByRole("cell")
    .map((cell) => cell.textContent);

it("says how many completed, how long it took, and who became engaged", () => {
  show(FIGURES);
  const rate = screen.getByRole("region", { name: "Completion rate" });
  expect(rate).toHaveTextContent("25%10 of 40 who entered");
  const took = screen.getByRole("region", { name: "Journey duration" });
  expect(took).toHaveTextContent("1.5 hoursHalf took no longer; nine of ten at most 3 days");
  expect(screen.getByRole("region", { name: "Engagement by people" })).toHaveTextContent("9of 120");
  const accounts = screen.getByRole("region", { name: "Engagement by accounts" });
  expect(accounts).toHaveTextContent("40accounts");
  expect(accounts).toHaveTextContent("Engaged since they entered615%Not yet3485%");
  expect(screen.getByRole("img", { name: "Completion over time" })).toHaveTextContent("2 days");
});

it("compares versions, with the goal where one has one, and variants only where there are some", () => {
  show(FIGURES);
  const [, first, second] = within(
    screen.getByRole("table", { name: "Versions compared" }),
  ).getAllByRole("row") as HTMLElement[];
  expect(cells(first as HTMLElement).slice(2)).toEqual(["30", "10", "33.3%", "–", "–"]);
  expect(cells(second as HTMLElement).slice(2)).toEqual(["10", "0", "0%", "4", "40%"]);
  expect(screen.queryByRole("table", { name: "Variants compared" })).toBeNull();
});

it("says that nothing happened yet instead of drawing nothing", () => {
  const engagement = { accounts: 0, engaged_accounts: 0, people: 0, engaged_people: 0 };
  show({ ...FIGURES, entered: 0, completed: 0, duration: null, engagement, days: [] });
  expect(screen.getAllByText("Nobody has entered yet.")).toHaveLength(2);
  expect(screen.getByText("Nobody has completed it yet")).toBeInTheDocument();
  expect(screen.getByText("No email was sent yet.")).toBeInTheDocument();
  expect(screen.getByText("No SMS message was sent yet.")).toBeInTheDocument();
});

it("shows the ten messages of a channel that were sent most", () => {
  const emails = Array.from({ length: 12 }, (_, n) => message(n + 1, "email"));
  show(FIGURES, [...emails, message(5, "sms")]);
  const rows = within(screen.getByRole("table", { name: "Email performance" })).getAllByRole("row");
  expect(rows).toHaveLength(1 + 10);
  expect(cells(rows[1] as HTMLElement)[1]).toBe("12");
  expect(cells(rows[10] as HTMLElement)[1]).toBe("3");
  expect(screen.getByText("2 more under View more.")).toBeInTheDocument();
  const sms = screen.getByRole("table", { name: "SMS performance" });
  expect(within(sms).getAllByRole("row")).toHaveLength(2);
  expect(within(sms).queryByRole("columnheader", { name: /Opened/ })).toBeNull();
});

it("writes the funnel as it is shown", async () => {
  const map = {
    nodes: [
      { id: "audience", title: "Audience" },
      { id: "ab", title: "Split" },
    ],
  };
  const status = {
    travellers: { entered: 4 },
    nodes: { audience: { reached: 4, left: 3, current: 1, ended: 0 } },
  };
  const lines = funnelLines(map as JourneyMap, status as unknown as JourneyStatus);
  expect((await csvOf(FUNNEL, lines)).split("\n").slice(1)).toEqual([
    "Audience,audience,1,4,3,1,0",
    "Split,ab,0,0,0,0,0",
  ]);
});
