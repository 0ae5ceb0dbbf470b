// Rows of lists can be chosen by those who may do something with them, and by nobody else.
import { screen } from "@testing-library/react";
import { AccountsPage } from "../accounts/AccountsPage";
import { accountsQuery, peopleQuery } from "../api/queries";
import { PeoplePage } from "../people/PeoplePage";
import { renderAt, signIn } from "../test-render";

const row = { key: "acme", name: "Acme", accounts: [] };
const pages = { pages: [{ items: [row], total: 1 }], pageParams: [""] };

const LISTS = {
  accounts: [<AccountsPage key="accounts" />, accountsQuery(""), "Acme"],
  people: [<PeoplePage key="people" />, peopleQuery(""), "Acme"],
} as const;

async function show(list: keyof typeof LISTS, ...permissions: string[]) {
  const [page, { queryKey }, name] = LISTS[list];
  await renderAt("/", page, (cache) => {
    signIn(cache, "customers:read", ...permissions);
    cache.setQueryData(queryKey, pages as never);
  });
  expect(await screen.findByRole("link", { name })).toBeVisible();
  return screen.queryAllByRole("checkbox").length;
}

describe.each(["accounts", "people"] as const)("the list of %s", (list) => {
  it("has no checkboxes for a role that could do nothing with the rows", async () => {
    expect(await show(list)).toBe(0);
  });

  it.each(["customers:write", "customers:delete"])("has them for a role with %s", async (may) => {
    expect(await show(list, may)).toBe(2);
  });
});
