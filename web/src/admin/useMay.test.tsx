// What a role may not do is not offered, wherever it could be done.
import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { groupMembersQuery } from "../api/groups";
import { membersQuery } from "../api/members";
import { MergeButton } from "../customers/MergeButton";
import MembersPanel from "../definitions/MembersPanel";
import { BulkActions } from "../groups/BulkActions";
import { Actions } from "../groups/GroupPage";
import { Members } from "../groups/Members";
import { ImportButton } from "../imports/ImportButton";
import { CreateJourneyButton } from "../journeys/CreateJourney";
import { LifeCycle, LifeCycleMenu } from "../journeys/LifeCycle";
import { AddToList } from "../shell/AddToList";
import { RecordMenu } from "../shell/RecordMenu";
import { renderAt, signIn } from "../test-render";

const group = { id: "g1", account: { key: "acme" }, roles: [], stage: null } as never;

const EVERY = [
  "definitions:write",
  "journeys:run",
  "customers:write",
  "customers:delete",
  "groups:edit",
];

/** What the buttons on the screen are called for somebody with these permissions. */
async function offered(shown: ReactNode, ...permissions: string[]): Promise<string[]> {
  const { unmount } = await renderAt("/", shown, (cache) => signIn(cache, ...permissions));
  const names = [...screen.queryAllByRole("button"), ...screen.queryAllByRole("link")].map(
    (each) => each.textContent ?? "",
  );
  unmount();
  return names;
}

it.each<[string, ReactNode, string, string[]]>([
  ["a new journey", <CreateJourneyButton key="" />, "definitions:write", ["Create journey"]],
  ["an import", <ImportButton key="" kind="people" />, "customers:write", ["Import"]],
  ["a merge", <MergeButton key="" subject="person" chosen={[]} />, "customers:delete", ["Merge"]],
  [
    "a place on a list",
    <AddToList key="" plural="people_lists" keys={[]} done={() => {}} />,
    "customers:write",
    ["Put on a list"],
  ],
  [
    "changing a record",
    <RecordMenu key="" subject="account" record={{ key: "acme" }} name="Acme" />,
    "customers:write",
    ["Edit"],
  ],
  [
    "deleting a record",
    <RecordMenu key="" subject="account" record={{ key: "acme" }} name="Acme" />,
    "customers:delete",
    ["More"],
  ],
  [
    "moving groups",
    <BulkActions key="" groups={[]} done={() => {}} />,
    "groups:edit",
    ["Move to a stage"],
  ],
  [
    "a group's actions",
    <Actions key="" group={group} />,
    "groups:edit",
    ["More", "Move to a stage"],
  ],
])("offers %s to whoever may, and to nobody else", async (_, shown, permission, names) => {
  expect(await offered(shown, permission)).toEqual(names);
  const others = EVERY.filter((each) => each !== permission);
  const without = await offered(shown, ...others);
  const all = await offered(shown, ...EVERY);
  expect(all).toEqual(expect.arrayContaining(names));
  expect(without.length).toBeLessThan(all.length);
});

const onePage = (items: unknown[]) =>
  ({ pages: [{ items, total: items.length }], pageParams: [undefined] }) as never;

it.each([
  ["groups:edit", ["Add people", "Change role", "Take out"]],
  ["messages:send", ["Send email"]],
])("offers with %s alone what it allows with the members of a group", async (permission, names) => {
  await renderAt("/", <Members group={group} />, (cache) => {
    signIn(cache, permission);
    cache.setQueryData(
      groupMembersQuery("g1", false).queryKey,
      onePage([{ person: "ada", role: "Buyer", source: "hand" }]),
    );
  });
  await userEvent.click(screen.getByRole("checkbox", { name: "Choose ada" }));
  const all = ["Add people", "Change role", "Take out", "Send email"];
  const shown = all.filter((name) => screen.queryByRole("button", { name }));
  expect(shown).toEqual(names);
});

it.each([
  [true, "customers:write"],
  [false, "definitions:write"],
])("lets the members of a list be changed (%s) with %s", async (may, permission) => {
  await renderAt(
    "/",
    <MembersPanel definition="vip" body={{ kind: "account_list", type: "static" }} saved />,
    (cache) => {
      signIn(cache, permission);
      cache.setQueryData(
        membersQuery("account_lists", "vip", "").queryKey,
        onePage([{ key: "acme", source: "hand" }]),
      );
    },
  );
  expect(screen.queryByRole("button", { name: "Add accounts" }) !== null).toBe(may);
  expect(screen.queryByRole("checkbox", { name: "Choose acme" }) !== null).toBe(may);
});

it.each([
  [
    ["journeys:run"],
    ["Pause", "Close", "Abort", "Re-entry …", "My tokens …", "Move the end date …"],
  ],
  [["definitions:write"], ["Re-entry …", "My tokens …", "Duplicate"]],
  [[], ["Re-entry …", "My tokens …"]],
])("offers of a live journey with %s what they allow", async (permissions, names) => {
  await renderAt(
    "/",
    <LifeCycleMenu journey="nurture" subject="account" state="live" paused={false}>
      <button type="button">More</button>
    </LifeCycleMenu>,
    (cache) => signIn(cache, ...permissions),
  );
  await userEvent.click(screen.getByRole("button", { name: "More" }));
  const items = await screen.findAllByRole("menuitem");
  expect(items.map((each) => each.textContent)).toEqual(names);
});

it("has no menu for a draft that may only be looked at", async () => {
  const draft = (
    <LifeCycleMenu journey="nurture" subject="account" state="draft" paused={false}>
      <button type="button">More</button>
    </LifeCycleMenu>
  );
  expect(await offered(draft, "journeys:run")).toEqual([]);
});

it("offers to edit with one permission and to publish with another", async () => {
  const live = (
    <LifeCycle journey="nurture" subject="account" state="live" paused={false} published />
  );
  expect(await offered(live, "definitions:write")).toEqual(["More", "Edit"]);
  const draft = (
    <LifeCycle journey="nurture" subject="account" state="draft" paused={false} published={false} />
  );
  expect(await offered(draft, "definitions:write")).toEqual(["More"]);
  expect(await offered(draft, "journeys:run")).toEqual(["Publish"]);
});
