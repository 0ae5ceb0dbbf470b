// The same way with the keyboard alone: no pointer is ever used. Import → a list → a journey drawn in the outline →
// simulate → publish → the mail is clicked → the branch is taken → counts as the API's.
import assert from "node:assert/strict";
import { typing } from "./keys.mjs";
import { clickIn, writeMail } from "./mails.mjs";
import { begin } from "./walk.mjs";

const walking = await begin();
const { server, page, api, eventually, noBarriers, step, walk } = walking;
const { press, button, reach, enter, type, pick, panel, add, fillMenu, switchOn, openTab, signIn } =
  typing(walking);
const mark = Date.now().toString(36);
const LIST = `Keys ${mark}`;
const MAIL = `Keys mail ${mark}`;
const JOURNEY = `Key walk ${mark}`;
const KEY = `key-walk-${mark}`;
const ACCOUNTS = [`k1-${mark}`, `k2-${mark}`];
const PEOPLE = ACCOUNTS.map((account) => `person-of-${account}`);
const csv = (header, rows) => [header, ...rows].map((row) => row.join(",")).join("\n");
const ids = {};

async function importFile(kind, text) {
  await enter(page.getByRole("navigation").getByRole("link", { name: kind, exact: true }));
  await page.getByRole("heading", { name: kind, level: 1 }).waitFor();
  await enter(
    page
      .getByRole("link", { name: /^Import/ })
      .or(button(/^Import/))
      .first(),
  );
  const choosing = page.waitForEvent("filechooser");
  await enter(button("Choose a file"));
  await (await choosing).setFiles({
    name: "a.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(text),
  });
  await enter(button("Next"));
  await enter(button("Show what would happen"));
  await page.getByText("Nothing has been kept yet").waitFor();
  await enter(button("Import"));
  await page.getByText("The file is in.").waitFor();
}

async function ask(attribute, operator, value) {
  await enter(
    panel()
      .getByRole("button", { name: /^Edit the condition/ })
      .first(),
  );
  const builder = page.getByRole("dialog");
  await builder.getByLabel("Search attributes and filters").waitFor();
  await page.keyboard.type(attribute);
  await enter(builder.getByRole("button", { name: attribute, exact: true }).first());
  await pick(builder.getByRole("combobox", { name: "Operator" }).last(), operator);
  await type(builder.getByLabel("Value").last(), value);
  await press("Enter");
  await enter(builder.getByRole("button", { name: "Done" }));
  await builder.waitFor({ state: "hidden" });
}

await walk(async () => {
  await step("sign in", () => signIn(server));

  await step("accounts and people are imported", async () => {
    const accounts = ACCOUNTS.map((key, n) => [key, `Keys ${mark} ${n + 1}`, 500 + n]);
    await importFile("Accounts", csv(["Account ID", "Company", "Headcount"], accounts));
    const people = PEOPLE.map((key, n) => [key, `${key}@keys.example`, "Kim", ACCOUNTS[n]]);
    await importFile("People", csv(["Id", "Email Address", "First Name", "Account Key"], people));
    assert.equal((await api(`/accounts/${ACCOUNTS[0]}`)).people, 1);
  });

  await step("a list is made and filled", async () => {
    await enter(page.getByRole("navigation").getByRole("link", { name: "Lists and audiences" }));
    await enter(button("Create account list"));
    await type(page.getByRole("dialog").getByLabel("Name", { exact: false }).first(), LIST);
    await press("Enter");
    await page.getByRole("heading", { name: LIST, level: 1 }).waitFor();
    await reach(page.getByPlaceholder("Type and press Enter"));
    for (const key of ACCOUNTS) {
      await page.keyboard.type(key);
      await press("Enter");
    }
    await enter(button("Publish changes"));
    await page.getByText("Published: journeys use it").waitFor();
  });

  await step("a journey is drawn in the outline", async () => {
    await writeMail(walking, `keys-${mark}`, MAIL);
    await enter(page.getByRole("navigation").getByRole("link", { name: "Journeys" }));
    await enter(button("Create journey"));
    await type(page.getByRole("dialog").getByLabel("Name"), JOURNEY);
    await press("Enter");
    await page.getByRole("heading", { name: JOURNEY, level: 1 }).waitFor();
    await enter(button("Outline"));
    await enter(page.locator("[data-card=audience]"));
    await pick(panel().getByRole("combobox", { name: "Account list" }), LIST);
    ids.mail = await add("/entry", "Send email");
    await pick(panel().getByRole("combobox", { name: "Email" }), MAIL);
    ids.heard = await add(`/nodes/${ids.mail}/next`, "Email clicked");
    await switchOn("Stop listening after a while");
    await switchOn("Set a timeout path");
    ids.late = await add(`/nodes/${ids.heard}/timeout/next`, "Wait");
    ids.split = await add(`/nodes/${ids.heard}/next`, "Split paths");
    await ask("Employees", "is at least", "100");
    ids.box = await add(`/nodes/${ids.split}/paths/0/next`, "Split paths by people");
    await ask("Email address", "contains", "keys.example");
    await enter(button("Add an action on Path 1"));
    await fillMenu("Person Interesting Moment");
    await pick(panel().getByRole("combobox", { name: "Moment" }), "Web");
    ids.variant = await add(`/nodes/${ids.box}/next`, "Variant split");
    ids.merge = await add(`/nodes/${ids.variant}/paths/0/next`, "Merge");
    await panel().getByRole("checkbox").first().waitFor();
    for (const tick of await panel().getByRole("checkbox").all()) {
      if (await tick.isChecked()) continue;
      await reach(tick);
      await press("Space");
    }
    ids.wait = await add(`/nodes/${ids.merge}/next`, "Wait");
    await noBarriers("the outline");
  });

  await step("a group inside the condition is filled, and then the one around it", async () => {
    await enter(page.locator(`[data-card="${ids.split}"]`));
    const edit = panel().getByRole("button", { name: /^Edit the condition/ });
    await enter(edit.first());
    const builder = page.getByRole("dialog");
    const search = builder.getByLabel("Search attributes and filters");
    const choose = async (attribute, value) => {
      const before = await builder.getByLabel("Value").count();
      await type(search, attribute);
      await enter(builder.getByRole("button", { name: attribute, exact: true }).first());
      await builder.getByLabel("Value").nth(before).waitFor();
      await type(builder.getByLabel("Value").last(), value);
      await press("Enter");
    };
    await search.waitFor();
    await enter(builder.getByRole("button", { name: "Add a group" }).first());
    await choose("Country", "DE");
    await choose("Industry", "Software");
    await noBarriers("a group that is added to");
    await enter(builder.getByRole("button", { name: "Add here" }).first());
    await choose("City", "Berlin");
    const large = { account: "employees", at_least: 100 };
    const parts = [
      { account: "country", is: "DE" },
      { account: "industry", is: "Software" },
    ];
    const kept = (all) =>
      eventually("the draft holds what is asked", async () => {
        const { nodes } = await api(`/journeys/${KEY}`);
        assert.deepEqual(nodes[ids.split].paths[0].when, { all });
      });
    await kept([large, { any: parts }, { account: "city", is: "Berlin" }]);
    await enter(builder.getByRole("button", { name: "Remove City" }));
    await enter(builder.getByRole("button", { name: "Remove the group" }));
    await kept([large]);
    await enter(builder.getByRole("button", { name: "Done" }));
    await builder.waitFor({ state: "hidden" });
  });

  await step("nodes are deleted, and the deletion undone, by keys", async () => {
    const extra = await add(`/nodes/${ids.wait}/next`, "Wait");
    const card = page.locator(`[data-card="${extra}"]`);
    await reach(card);
    await press("Delete");
    await card.waitFor({ state: "detached" });
    await reach(page.locator(`[data-card="${ids.wait}"]`));
    await press("ControlOrMeta+z");
    await card.waitFor();
    await press("ControlOrMeta+z");
    await card.waitFor({ state: "detached" });
  });

  await step("the plus on every path of the map is in sight once it is reached", async () => {
    await press("Escape");
    await enter(button("Map"));
    await page.locator(".react-flow__node").first().waitFor();
    for (const outlet of [`/nodes/${ids.heard}/timeout/next`, `/nodes/${ids.wait}/next`])
      await reach(page.locator(`[data-outlet="${outlet}"]`));
  });

  await step("it is simulated", async () => {
    await openTab("Simulate");
    await enter(button("Run"));
    const results = page.getByRole("complementary", { name: "What would happen" });
    await results.getByRole("button", { name: MAIL }).waitFor();
  });

  await step("its review is read", async () => {
    await openTab("Journey map");
    await enter(button("Publish"));
    const dialog = page.getByRole("dialog");
    await enter(dialog.getByRole("button", { name: "Next" }));
    await dialog.locator("[data-count=would-enter]").waitFor();
  });

  await step("it is published", async () => {
    const dialog = page.getByRole("dialog");
    await enter(dialog.getByRole("button", { name: "Publish", exact: true }));
    await eventually("both accounts listen", async () => {
      const { nodes } = await api(`/journeys/${KEY}/status`);
      assert.equal(nodes[ids.heard].current, ACCOUNTS.length);
    });
  });

  await step("the branch is taken, and a card tells the API's counts", async () => {
    await clickIn(walking, MAIL, PEOPLE[0]);
    await eventually("the account stands at the wait", async () => {
      const { nodes } = await api(`/journeys/${KEY}/status`);
      assert.equal(nodes[ids.wait].current, 1);
      assert.equal(nodes[ids.heard].current, 1);
    });
    const card = page.locator(`.react-flow__node[data-id="${ids.wait}"]`);
    await enter(card.locator("button[aria-pressed]").first());
    await panel().getByText("Now here", { exact: true }).waitFor();
    await eventually("the card tells what the API tells", async () => {
      const { nodes } = await api(`/journeys/${KEY}/status`);
      for (const count of ["reached", "current"])
        assert.equal(
          Number(await card.locator(`[data-count=${count}]`).textContent()),
          nodes[ids.wait][count],
          count,
        );
    });
  });
});
