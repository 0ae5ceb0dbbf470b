import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { renderInApp } from "../test-render";
import { useAsked } from "./kept";

function Follow() {
  const [asked, put] = useAsked("nurture");
  return (
    <button type="button" onClick={() => put({ follow: "acme" })}>
      {asked.follow ?? "nobody"}
    </button>
  );
}

function Tab() {
  const [shown, setShown] = useState(true);
  return (
    <>
      <button type="button" onClick={() => setShown(!shown)}>
        Another tab
      </button>
      {shown ? <Follow /> : null}
    </>
  );
}

it("is kept behind another tab, also when all that was read is read anew", async () => {
  const { cache } = renderInApp(<Tab />);
  await userEvent.click(screen.getByText("nobody"));
  await userEvent.click(screen.getByText("Another tab"));
  await act(() => cache.invalidateQueries());
  await userEvent.click(screen.getByText("Another tab"));
  expect(await screen.findByText("acme")).toBeVisible();
  await act(() => cache.invalidateQueries());
  expect(screen.getByText("acme")).toBeVisible();
});
