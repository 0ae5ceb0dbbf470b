import { pastedKeys } from "./pastedKeys";

it("reads keys from lines, columns of a sheet and lists, each once", () => {
  expect(pastedKeys(" a-1\r\nb 2, c;a-1\t\n\n")).toEqual(["a-1", "b 2", "c"]);
  expect(pastedKeys("  \n , ")).toEqual([]);
});
