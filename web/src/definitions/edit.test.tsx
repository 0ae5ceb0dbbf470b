import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { definitionQuery } from "../api/queries";
import { renderAt } from "../test-render";
import { useEditing } from "./edit";

function Page() {
  const { change, dirty, blocker } = useEditing("emails", "hello");
  return (
    <>
      <button type="button" onClick={() => change({ name: "Other" })}>
        Write
      </button>
      <output>{`${dirty ? "unsaved" : "saved"}, ${blocker.status}`}</output>
    </>
  );
}

it("keeps unsaved edits from being left, but not from another place on the same page", async () => {
  const { router } = await renderAt("/", <Page />, (cache) =>
    cache.setQueryData(definitionQuery("emails", "hello").queryKey, {
      body: { name: "Hello" },
      revision: "1",
    } as never),
  );
  await userEvent.click(screen.getByRole("button", { name: "Write" }));
  await act(async () => router.history.push("/?comment=2"));
  expect(router.state.location.search).toEqual({ comment: 2 });
  expect(screen.getByRole("status")).toHaveTextContent("unsaved, idle");
  await act(async () => router.history.push("/elsewhere"));
  expect(screen.getByRole("status")).toHaveTextContent("unsaved, blocked");
  expect(router.state.location.pathname).toBe("/");
});
