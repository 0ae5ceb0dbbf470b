// Buying groups with the keyboard alone: a roles template, a solution interest, the groups that come of it, who is in
// one and as what, and its stage. Every effect is read back from the API.
import assert from "node:assert/strict";
import { typing } from "./keys.mjs";
import { begin } from "./walk.mjs";

const walking = await begin();
const { server, page, api, write, eventually, noBarriers, step, walk } = walking;
const { press, button, reach, enter, type, pick, fromMenu, openTab, goTo, create, signIn } =
  typing(walking);
const mark = Date.now().toString(36);
const ROLES = `Key roles ${mark}`;
const INTEREST = `Key interest ${mark}`;
const LIST = `key-groups-${mark}`;
const ACCOUNTS = [`kg1-${mark}`, `kg2-${mark}`];
const PEOPLE = ["ada", "bob"].map((name) => `${name}-${mark}`);
const DECIDES = "Decision Maker";

const dialog = () => page.getByRole("dialog");

async function setTheScene() {
  for (const key of ACCOUNTS) await write("PUT", `/accounts/${key}`, { name: `Keyed ${key}` });
  for (const key of PEOPLE)
    await write("PUT", `/people/${key}`, {
      email: `${key}@keys.example`,
      first_name: key,
      account_key: ACCOUNTS[0],
    });
  const list = { name: LIST, type: "static", state: "live", accounts: ACCOUNTS };
  await write("PUT", `/account_lists/${LIST}`, list);
}

/** The group of an account, once it is there. */
const groupOf = (account) =>
  eventually(`the group of ${account}`, async () => {
    const { items } = await api(`/accounts/${account}/buying_groups`);
    const group = items.find(({ name }) => name === INTEREST);
    assert.ok(group, JSON.stringify(items));
    return group;
  });

const now = async () => {
  const { items } = await api(`/buying_groups?q=${mark}`);
  const { id } = items.find(({ account }) => account.key === ACCOUNTS[0]);
  return api(`/buying_groups/${id}`);
};

await walk(async () => {
  await signIn(server);
  await setTheScene();

  await step("a roles template is made and published", async () => {
    await goTo("Buying groups");
    await openTab("Roles templates");
    await create("Create roles template", ROLES);
    await enter(button("Publish"));
    await page.getByText("only how many members each role needs may change").waitFor();
    const { state, roles } = await api(`/roles_templates/key-roles-${mark}`);
    assert.deepEqual([state, roles.map(({ role }) => role)], ["live", [DECIDES]]);
  });

  await step(
    "a solution interest is made, and every account of a list gets its group",
    async () => {
      const [model] = (await api("/stage_models")).items;
      await goTo("Buying groups");
      await openTab("Solution interests");
      await create("Create solution interest", INTEREST, (making) =>
        pick(making.getByRole("combobox", { name: "Roles template" }), ROLES),
      );
      await pick(page.getByRole("combobox", { name: "Stage model" }), model.name);
      await pick(page.getByRole("combobox", { name: "Account list" }), LIST);
      await noBarriers("a solution interest");
      await enter(button("Save"));
      await page.getByText("Saved", { exact: true }).waitFor();
      const { create_for, stage_model } = await api(`/solution_interests/key-interest-${mark}`);
      assert.deepEqual([create_for, stage_model], [{ account_list: LIST }, model.key]);
      for (const account of ACCOUNTS) await groupOf(account);
    },
  );

  await step("a group is found, and people are added to it with a role", async () => {
    await goTo("Buying groups");
    await type(page.getByLabel("Search by name"), mark);
    const row = page.getByRole("row").filter({ hasText: `Keyed ${ACCOUNTS[0]}` });
    await enter(row.getByRole("link").first());
    await page.getByRole("tab", { name: "Members" }).waitFor();
    await openTab("Members");
    await enter(button("Add people"));
    const people = dialog().getByLabel("People of the account").and(page.locator("input"));
    for (const key of PEOPLE) {
      await type(people, key);
      await pick(people, key);
    }
    await pick(dialog().getByRole("combobox", { name: "Role" }), DECIDES);
    await enter(dialog().getByRole("button", { name: "Add people" }));
    for (const key of PEOPLE) await page.getByRole("row").filter({ hasText: key }).waitFor();
    const { id, completeness } = await now();
    const { items } = await api(`/buying_groups/${id}/members`);
    assert.deepEqual(
      items.map(({ person, role }) => [person, role]).sort(),
      PEOPLE.map((key) => [key, DECIDES]),
    );
    assert.equal(completeness, 100);
  });

  await step("one of them is chosen and taken out", async () => {
    await reach(page.getByLabel(`Choose ${PEOPLE[1]}`));
    await press("Space");
    const bulk = page.getByRole("region", { name: "What to do with the chosen rows" });
    await bulk.getByText("1 chosen").waitFor();
    await enter(bulk.getByRole("button", { name: "Take out" }));
    await bulk.waitFor({ state: "detached" });
    const { id } = await now();
    const { items } = await api(`/buying_groups/${id}/members`);
    assert.deepEqual(
      items.map(({ person }) => person),
      [PEOPLE[0]],
    );
  });

  await step("the group is moved to a stage, and given a status", async () => {
    await openTab("Overview", "ArrowLeft");
    await enter(button("Move to a stage"));
    await pick(dialog().getByRole("combobox", { name: "Stage" }), "Aware");
    await enter(dialog().getByRole("button", { name: "Save" }));
    await page.getByText("no stage → Aware").waitFor();
    await fromMenu(button("More"), "Write a status");
    await type(dialog().getByLabel("Status"), `Warm ${mark}`);
    await press("Enter");
    await page.getByRole("main").getByText(`Warm ${mark}`).waitFor();
    const { stage, status } = await now();
    assert.deepEqual([stage, status], ["Aware", `Warm ${mark}`]);
  });
});
