import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useRef } from "react";
import { renderInApp } from "../test-render";
import { JourneyNeeded, ownValuesIn, ViewerPicker } from "./viewer";

const BODY = {
  subject: "With {{ my.host | upper }} and {{ person.first_name }}",
  body: { html: "<p>my.site is no value; {% if my.place %}in {{ my.place }}{% endif %}</p>" },
};

function Preview({ journey }: { journey?: string }) {
  const picker = useRef<HTMLInputElement>(null);
  const viewer = journey ? { journey } : {};
  return (
    <>
      <ViewerPicker viewer={viewer} onChange={() => {}} picker={picker} />
      <JourneyNeeded body={BODY} viewer={viewer} picker={picker} />
    </>
  );
}

it("says which values a journey would give while none is chosen, and leads to the choice", async () => {
  renderInApp(<Preview />);
  expect(ownValuesIn(BODY)).toEqual(["my.host", "my.place"]);
  expect(screen.getByRole("alert").textContent).toContain("{{ my.host }}{{ my.place }}");
  await userEvent.click(screen.getByRole("button", { name: "Choose a journey" }));
  expect(document.activeElement).toBe(
    screen.getByRole("combobox", { name: "With the values of a journey" }),
  );
});

it("says nothing of it once a journey is chosen, which is named even while it is looked for", () => {
  renderInApp(<Preview journey="nurture" />);
  expect(screen.queryByRole("alert")).toBeNull();
  expect(screen.getByRole("combobox", { name: "With the values of a journey" })).toHaveValue(
    "nurture",
  );
});
