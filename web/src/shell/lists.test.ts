import { csvOf, everyRow } from "./csv";
import type { Column, Rows } from "./DataTable";
import { sorted, turned } from "./sorting";

type Town = { name: string; people: number | null };
const COLUMNS: Column<Town>[] = [
  { id: "name", label: "Name", value: (town) => town.name, cell: () => null },
  { id: "people", label: "People", value: (town) => town.people, cell: () => null },
  { id: "map", label: "Map", cell: () => null },
];

it("sorts numbers as numbers, words as words, and what is missing last", () => {
  const towns = [9, null, 10, 2].map((people, n) => ({ name: `Town ${n}`, people }));
  const people = (down: boolean) => sorted(towns, (town) => town.people, down).map((t) => t.people);
  expect(people(false)).toEqual([2, 9, 10, null]);
  expect(people(true)).toEqual([10, 9, 2, null]);
  const names = ["b 10", "B 9", "a"].map((name) => ({ name }));
  expect(sorted(names, (town) => town.name, false).map((town) => town.name)).toEqual([
    "a",
    "B 9",
    "b 10",
  ]);
});

it("turns up, down, and back to the server's order", () => {
  const up = turned(undefined, "name");
  const down = turned(up, "name");
  expect([up?.down, down?.down, turned(down, "name")]).toEqual([false, true, undefined]);
  expect(turned(down, "people")).toEqual({ column: "people", down: false });
});

it("turns the column of the usual order the other way first, and back", () => {
  const usual = { column: "at", down: true };
  const up = turned(undefined, "at", usual);
  expect(up).toEqual({ column: "at", down: false });
  expect(turned(up, "at", usual)).toBeUndefined();
  expect(turned(up, "name", usual)).toEqual({ column: "name", down: false });
});

it("exports every page, not only the one that is shown", async () => {
  const page = (names: string[]) => ({ items: names.map((name) => ({ name, people: 1 })) });
  const second = { data: { pages: [page(["Ulm"]), page(["Kiel"])] }, hasNextPage: false };
  const rows = {
    data: { pages: [page(["Ulm"])] },
    hasNextPage: true,
    fetchNextPage: async () => second,
  } as unknown as Rows<Town>;
  expect((await everyRow(rows)).map((town) => town.name)).toEqual(["Ulm", "Kiel"]);
});

it("writes what columns stand for, and no formula that a spreadsheet would run", async () => {
  const csv = await csvOf(COLUMNS, [
    { name: 'Ulm, "old"', people: -3 },
    { name: "=SUM(A1)", people: null },
  ]);
  expect(csv.split("\n")).toEqual(["Name,People", '"Ulm, ""old""",-3', '"\'=SUM(A1)",']);
});
