import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { pages, whileShort } from "../api/queries";
import { strings } from "../strings";
import { renderInApp } from "../test-render";
import { DataTable } from "./DataTable";
import { useRows } from "./useRows";

/** A list of `of` pages, each with what `found` says; the last has no next one. */
function aList(of: number, found: (page: number) => string[] = () => []) {
  return vi.fn((cursor: string | undefined) => {
    const page = Number(cursor ?? 0);
    return Promise.resolve({
      items: found(page),
      next_cursor: page + 1 < of ? String(page + 1) : null,
    });
  });
}

function Towns({ load }: { load: ReturnType<typeof aList> }) {
  return (
    <DataTable
      label="Towns"
      rows={useRows(pages(["towns"], load))}
      columns={[
        { id: "name", label: "Name", value: (town: string) => town, cell: (town: string) => town },
      ]}
      rowKey={(town) => town}
      empty={<p>No towns</p>}
    />
  );
}

it("goes on by itself through empty pages, then says how far it looked and asks", async () => {
  const load = aList(15);
  renderInApp(<Towns load={load} />);
  const on = await screen.findByRole("button", { name: "Search on" });
  expect(load).toHaveBeenCalledTimes(10);
  expect(screen.getByRole("status")).toHaveTextContent("Nothing found among the first 50,000.");
  expect(screen.queryByText("No towns")).not.toBeInTheDocument();
  await userEvent.click(on);
  expect(await screen.findByText("No towns")).toBeInTheDocument();
  expect(load).toHaveBeenCalledTimes(15);
});

it("shows what it finds behind empty pages, and goes no further by itself", async () => {
  const load = aList(9, (page) => (page === 3 ? ["Ulm"] : []));
  renderInApp(<Towns load={load} />);
  expect(await screen.findByText("Ulm")).toBeInTheDocument();
  expect(load).toHaveBeenCalledTimes(4);
  await userEvent.click(screen.getByRole("button", { name: "Show more" }));
  await waitFor(() => expect(load).toHaveBeenCalledTimes(9));
  expect(screen.getByRole("status")).toHaveTextContent("1 shown");
});

it("says behind what it found how far nothing more was, and goes on when asked", async () => {
  const load = aList(14, (page) => (page === 0 ? ["Ulm"] : []));
  renderInApp(<Towns load={load} />);
  await userEvent.click(await screen.findByRole("button", { name: "Show more" }));
  const on = await screen.findByRole("button", { name: "Search on" });
  await waitFor(() => expect(load).toHaveBeenCalledTimes(11));
  expect(screen.getByRole("status")).toHaveTextContent("nothing more among the next 50,000");
  await userEvent.click(on);
  await waitFor(() => expect(load).toHaveBeenCalledTimes(14));
});

it("tells an error on the way as one, and goes on from there when asked", async () => {
  const load = aList(6);
  const fails = load.getMockImplementation();
  load.mockImplementation((cursor) => {
    if (cursor === "3" && load.mock.calls.length === 4)
      return Promise.reject(new Error("Gone away"));
    return fails?.(cursor) ?? Promise.reject(new Error("no list"));
  });
  renderInApp(<Towns load={load} />);
  expect(await screen.findByText("Gone away")).toBeInTheDocument();
  expect(screen.queryByText(/^Nothing found/)).not.toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: strings.errors.retry }));
  expect(await screen.findByText("No towns")).toBeInTheDocument();
});

it("does not search on by itself without end because rows are sorted here", async () => {
  const load = aList(30, (page) => (page === 0 ? ["Ulm"] : []));
  renderInApp(<Towns load={load} />);
  await userEvent.click(await screen.findByRole("button", { name: "Name" }));
  await waitFor(() => expect(screen.getByRole("status")).toHaveTextContent("the next 50,000"));
  await act(async () => {});
  expect(load).toHaveBeenCalledTimes(11);
});

it("does not read a long search for nothing again", () => {
  const read = (pages: { items: string[]; next_cursor: string | null }[]) =>
    whileShort({ state: { data: { pages } } });
  expect(read([{ items: ["Ulm"], next_cursor: "1" }])).toBe(10_000);
  expect(read([{ items: [], next_cursor: null }])).toBe(10_000);
  expect(read([{ items: [], next_cursor: "1" }])).toBe(false);
});
