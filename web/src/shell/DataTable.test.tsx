import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { ApiError } from "../api/problem";
import { renderInApp } from "../test-render";
import { type Column, DataTable, MOST_OF_GROUP, MoreRows, type Rows } from "./DataTable";
import { ColumnChooser, useColumns } from "./ListTools";
import { MOST_SORTED } from "./sorting";

type Town = { name: string; people: number };
const COLUMNS: Column<Town>[] = [
  { id: "name", label: "Name", fixed: true, cell: (town) => town.name },
  { id: "people", label: "People", numeric: true, cell: (town) => town.people },
  { id: "code", label: "Code", optional: true, cell: () => "c0de" },
];
const towns = (names: string[], more: Partial<Rows<Town>> = {}): Rows<Town> => ({
  data: { pages: [{ items: names.map((name) => ({ name, people: 7 })), total: 9 }] },
  error: null,
  isPending: false,
  hasNextPage: false,
  isFetchingNextPage: false,
  fetchNextPage: vi.fn(),
  refetch: vi.fn(),
  ...more,
});

function Towns({ rows }: { rows: Rows<Town> }) {
  const { shown, chooser } = useColumns("towns", COLUMNS);
  return (
    <>
      <ColumnChooser {...chooser} />
      <DataTable
        label="Towns"
        rows={rows}
        columns={shown}
        rowKey={(town) => town.name}
        empty={<p>No towns yet</p>}
      />
    </>
  );
}

beforeEach(() => localStorage.clear());

it("shows rows, how many of all, and loads more", async () => {
  const rows = towns(["Ulm", "Kiel"], { hasNextPage: true });
  renderInApp(<Towns rows={rows} />);
  expect(screen.getAllByRole("row")).toHaveLength(3);
  expect(screen.getByRole("status")).toHaveTextContent("2 of 9");
  await userEvent.click(screen.getByRole("button", { name: "Show more" }));
  expect(rows.fetchNextPage).toHaveBeenCalledOnce();
});

it("says that the order is not that of the whole list where that is too long", () => {
  const rows = towns(["Ulm"], { hasNextPage: true });
  const { unmount } = renderInApp(<MoreRows rows={rows} shown={MOST_SORTED} />);
  expect(screen.getByRole("status")).not.toHaveTextContent("sorted among");
  unmount();
  renderInApp(<MoreRows rows={rows} shown={MOST_SORTED} sorted />);
  expect(screen.getByRole("status")).toHaveTextContent("sorted among the first 2,000");
});

it("says what belongs there when there is nothing", () => {
  renderInApp(<Towns rows={towns([])} />);
  expect(screen.getByText("No towns yet")).toBeVisible();
});

it("tells the server's reason and tries again", async () => {
  const rows = towns([], {
    data: undefined,
    error: new ApiError(503, "busy", "The store is busy."),
  });
  renderInApp(<Towns rows={rows} />);
  expect(screen.getByRole("alert")).toHaveTextContent("The store is busy.");
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(rows.refetch).toHaveBeenCalledOnce();
});

it("remembers the chosen columns and never hides the name", async () => {
  const { unmount } = renderInApp(<Towns rows={towns(["Ulm"])} />);
  expect(screen.queryByRole("columnheader", { name: "Code" })).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Choose columns" }));
  expect(screen.getByRole("checkbox", { name: "Name" })).toBeDisabled();
  await userEvent.click(screen.getByRole("checkbox", { name: "Code" }));
  await userEvent.click(screen.getByRole("checkbox", { name: "People" }));
  unmount();
  renderInApp(<Towns rows={towns(["Ulm"])} />);
  expect(screen.getAllByRole("columnheader").map((header) => header.textContent)).toEqual([
    "Name",
    "Code",
  ]);
});

it("shows an optional column that comes to a list only once it is chosen, also where others were hidden before", () => {
  localStorage.setItem("caravan.columns.towns", JSON.stringify(["people"]));
  renderInApp(<Towns rows={towns(["Ulm"])} />);
  expect(screen.getAllByRole("columnheader").map((header) => header.textContent)).toEqual(["Name"]);
});

it("searches many columns, and shows so many of a group at once", async () => {
  const many: Column<Town>[] = Array.from({ length: MOST_OF_GROUP + 2 }, (_, n) => ({
    id: `a${n}`,
    label: `Attribute ${n}`,
    group: "Attributes",
    optional: true,
    cell: () => n,
  }));
  const marks = many.slice(0, MOST_OF_GROUP).map(({ id }) => `+${id}`);
  localStorage.setItem("caravan.columns.many", JSON.stringify(marks));
  function Chooser() {
    const { shown, chooser } = useColumns("many", [...COLUMNS, ...many]);
    return (
      <>
        <p>{shown.length} shown</p>
        <ColumnChooser {...chooser} />
      </>
    );
  }
  renderInApp(<Chooser />);
  expect(screen.getByText(`${MOST_OF_GROUP + 2} shown`)).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Choose columns" }));
  expect(screen.getByLabelText("Attribute 20")).toBeDisabled();
  expect(screen.getByText("Up to 20 attributes are shown at once.")).toBeVisible();
  await userEvent.click(screen.getByLabelText("Attribute 0"));
  await userEvent.type(screen.getByLabelText("Search columns"), "e 20");
  expect(screen.queryByLabelText("Attribute 1")).toBeNull();
  await userEvent.click(screen.getByLabelText("Attribute 20"));
  expect(screen.getByText(`${MOST_OF_GROUP + 2} shown`)).toBeVisible();
});

it("calls a row that is chosen by its name where its key says nothing", () => {
  const chosen = { keys: new Set<string>(), toggle: vi.fn(), set: vi.fn() };
  renderInApp(
    <DataTable
      label="Towns"
      rows={towns(["Ulm"])}
      columns={COLUMNS}
      rowKey={() => "town_1"}
      rowName={(town) => `${town.name} — Danube`}
      chosen={chosen}
      empty={null}
    />,
  );
  expect(screen.getByRole("checkbox", { name: "Choose Ulm — Danube" })).toBeVisible();
});

it("has the server sort what it can, and sorts the rest itself", async () => {
  const ask = vi.fn();
  const columns = COLUMNS.map((column) => ({ ...column, value: (town: Town) => town.name }));
  const rows = towns(["Ulm", "Kiel"], { hasNextPage: true });
  const server = {
    nameOf: ({ column, down }: { column: string; down: boolean }) =>
      column === "name" && !down ? "name" : undefined,
    ask,
  };
  renderInApp(
    <DataTable
      label="Towns"
      rows={rows}
      columns={columns}
      rowKey={(town) => town.name}
      empty={null}
      server={server}
    />,
  );
  const shown = () =>
    screen
      .getAllByRole("row")
      .slice(1)
      .map((row) => row.textContent?.slice(0, 3));
  await userEvent.click(screen.getByRole("button", { name: "Name" }));
  expect(ask).toHaveBeenLastCalledWith("name");
  expect(rows.fetchNextPage).not.toHaveBeenCalled();
  expect(shown()).toEqual(["Ulm", "Kie"]);
  await userEvent.click(screen.getByRole("button", { name: "Name" }));
  expect(ask).toHaveBeenLastCalledWith(undefined);
  expect(rows.fetchNextPage).toHaveBeenCalled();
  expect(shown()).toEqual(["Ulm", "Kie"]);
});
