import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { groupMembersQuery } from "../api/groups";
import type { GroupDetail } from "../api/types";
import { strings } from "../strings";
import { renderAt, signIn } from "../test-render";
import { Members } from "./Members";

const text = strings.groups.member;
const group = { id: "g-1", account: { key: "acme" }, roles: [] } as unknown as GroupDetail;
const member = { person: "ada", name: "Ada Byron", role: "Chief", source: "by_hand" };

async function show(removed: boolean, ...permissions: string[]) {
  await renderAt("/", <Members group={group} removed={removed} />, (cache) => {
    signIn(cache, ...permissions);
    const pages = { pages: [{ items: [member], total: 1 }], pageParams: [""] };
    cache.setQueryData(groupMembersQuery("g-1", removed, undefined).queryKey, pages as never);
  });
  expect(await screen.findByRole("link", { name: "Ada Byron" })).toBeVisible();
}

/** What is offered once the member is chosen. */
async function offered() {
  await userEvent.click(screen.getAllByRole("checkbox")[1] as HTMLElement);
  const bar = screen.getByRole("region", { name: strings.list.bulk });
  return [...bar.querySelectorAll("button")].map((button) => button.textContent);
}

it("lets those who only look choose no members", async () => {
  await show(false, "customers:read");
  expect(screen.queryByRole("checkbox")).toBeNull();
});

it("offers for chosen members what the role allows", async () => {
  await show(false, "groups:edit");
  expect(await offered()).toEqual([text.changeRole, text.remove]);
});

it("lets those who only write to people write to chosen members", async () => {
  await show(false, "messages:send");
  expect(await offered()).toEqual([strings.mailing.button]);
});

it("takes former members in again and does nothing else with them", async () => {
  await show(true, "groups:edit", "messages:send");
  expect(await offered()).toEqual([text.add]);
});
