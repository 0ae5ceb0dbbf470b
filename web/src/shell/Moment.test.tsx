import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { renderInApp } from "../test-render";
import { tellExactly } from "./exactTimes";
import { formatInstant } from "./format";
import { Moment } from "./Moment";

const AT = new Date(Date.now() - 3 * 3_600_000).toISOString();

afterEach(() => localStorage.clear());

it("tells how long ago, and exactly on hover", async () => {
  renderInApp(<Moment at={AT} />);
  await userEvent.hover(screen.getByText("3 hours ago"));
  expect((await screen.findByRole("tooltip")).textContent).toBe(formatInstant(AT));
});

it("tells exactly where that is asked for, on every page at once, and adds no stop for the keyboard", async () => {
  const { container } = renderInApp(
    <>
      <Moment at={AT} />
      <Moment at={undefined} />
    </>,
  );
  act(() => tellExactly(true));
  expect(screen.getByText(formatInstant(AT)).getAttribute("datetime")).toBe(AT);
  expect(container.querySelector("[tabindex]")).toBeNull();
  act(() => tellExactly(false));
  expect(screen.getByText("3 hours ago")).toBeTruthy();
});
