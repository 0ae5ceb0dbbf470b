// Names of a kind: page after page, up to a bound.
import { QueryClient } from "@tanstack/react-query";
import { client } from "./client";
import { definitionNamesQuery } from "./queries";

/** A server that has pages without end, or so many. */
function pages(most: number) {
  const asked = vi.spyOn(client, "GET");
  asked.mockImplementation((async (_: string, { params }: Asked) => {
    const n = Number(params.query.cursor ?? 0);
    const items = [{ key: `k${n}`, name: `Name ${n}` }];
    const data = { items, next_cursor: n + 1 < most ? String(n + 1) : null };
    return { data, response: new Response("{}") };
  }) as never);
  return asked;
}
type Asked = { params: { query: { cursor?: string } } };
afterEach(() => vi.restoreAllMocks());

const named = async () => {
  const { items } = await new QueryClient().fetchQuery(definitionNamesQuery("emails"));
  return items.map(({ name }) => name);
};

it("reads every page", async () => {
  const asked = pages(3);
  expect(await named()).toEqual(["Name 0", "Name 1", "Name 2"]);
  expect(asked).toHaveBeenCalledTimes(3);
});

it("stops at the bound", async () => {
  const asked = pages(Number.POSITIVE_INFINITY);
  expect(await named()).toHaveLength(25);
  expect(asked).toHaveBeenCalledTimes(25);
});
