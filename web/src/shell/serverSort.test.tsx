import { act, renderHook } from "@testing-library/react";
import type { Column } from "./DataTable";
import { orderBy, useServerSort } from "./serverSort";

const COLUMNS: Column<object>[] = [
  { id: "name", label: "Name", order: "name", cell: () => null },
  { id: "attribute.tier", label: "Tier", order: orderBy("tier"), cell: () => null },
  { id: "map", label: "Map", cell: () => null },
];

it("asks for an order by a column of the list, by an attribute, and for none", () => {
  const { result } = renderHook(() => useServerSort(COLUMNS));
  const asked = (column: string, down: boolean) => {
    act(() => result.current.server.ask(result.current.server.nameOf({ column, down })));
    return result.current.order;
  };
  expect(asked("name", true)).toEqual({ sort: "name", descending: true });
  expect(asked("attribute.tier", false)).toEqual({ sort_attribute: "tier", descending: false });
  expect(asked("map", false)).toBeUndefined();
});
