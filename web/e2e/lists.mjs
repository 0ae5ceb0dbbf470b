// Lists: which columns they show, in which order, and what is done with many rows at once.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { signIn } from "./browser.mjs";
import { begin } from "./walk.mjs";

const { server, page, api, write, eventually, noBarriers, step, walk } = await begin();
const mark = Date.now().toString(36);
const LIST = `chosen-${mark}`;
const ACCOUNTS = ["a", "b", "c"].map((name) => `l-${mark}-${name}`);
const SCORES = ["one", "two"].map((name) => `score-${mark}-${name}`);

const open = async (path) => {
  await page.goto(`${server.url}${path}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
};
const dialog = () => page.getByRole("dialog");
const head = (name) => page.getByRole("columnheader", { name, exact: true });
const pick = (key) => page.getByLabel(`Choose ${key}`).check();

await walk(async () => {
  await signIn(page, server);
  for (const [n, key] of ACCOUNTS.entries())
    await write("PUT", `/accounts/${key}`, { name: `Listed ${mark} ${key}`, employees: 30 - n });
  await write("PUT", `/account_lists/${LIST}`, {
    name: LIST,
    description: "Whom to call.",
    type: "static",
    state: "live",
    accounts: [],
  });

  await step("columns are chosen, and stay as they were chosen", async () => {
    await open(`/accounts?q=${mark}`);
    await head("Employees").waitFor();
    await page.getByRole("button", { name: "Choose columns" }).click();
    const chooser = page.getByRole("dialog", { name: "Choose columns" });
    await chooser.getByLabel("Employees").uncheck();
    await chooser.getByLabel("Account ID").or(chooser.getByLabel("Key")).first().check();
    await noBarriers("the column chooser");
    await page.keyboard.press("Escape");
    await head("Employees").waitFor({ state: "detached" });
    await page.reload();
    await page.getByText(ACCOUNTS[0], { exact: true }).first().waitFor();
    assert.equal(await head("Employees").count(), 0);
    await page.getByRole("button", { name: "Choose columns" }).click();
    await chooser.getByLabel("Employees").check();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Employees", exact: true }).click();
    const names = () => page.locator("tbody tr a").allTextContents();
    const inOrder = ACCOUNTS.toReversed().map((key) => `Listed ${mark} ${key}`);
    await eventually("the fewest employees first", async () =>
      assert.deepEqual(await names(), inOrder),
    );
  });

  await step(
    "an attribute of one's own is a column that the whole list is ordered by",
    async () => {
      const TIER = `tier_${mark}`;
      await write("PUT", `/attributes/${TIER}`, {
        name: `Tier ${mark}`,
        subject: "account",
        type: "string",
      });
      for (const [n, tier] of ["silver", "bronze", "gold"].entries())
        await write("PUT", `/accounts/${ACCOUNTS[n]}`, { [TIER]: tier });
      await open(`/accounts?q=${mark}`);
      await head("Industry").waitFor();
      assert.equal(await head(`Tier ${mark}`).count(), 0, "nobody chose it");
      await page.getByRole("button", { name: "Choose columns" }).click();
      const chooser = page.getByRole("dialog", { name: "Choose columns" });
      await chooser.getByRole("searchbox", { name: "Search columns" }).fill(`tier ${mark}`);
      await chooser.getByRole("checkbox").check();
      await noBarriers("the chooser of many columns");
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: `Tier ${mark}`, exact: true }).click();
      const tiers = () =>
        page
          .locator("tbody tr")
          .evaluateAll((rows) =>
            rows.map((row) => row.textContent.match(/silver|bronze|gold/)?.[0]),
          );
      await eventually("ordered by it", async () =>
        assert.deepEqual(await tiers(), ["bronze", "gold", "silver"]),
      );
      const [file] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "Download as CSV" }).click(),
      ]);
      const lines = (await readFile(await file.path(), "utf8")).split("\n");
      assert.match(lines[0], new RegExp(`,Tier ${mark}$`));
      assert.deepEqual(
        lines.slice(1).map((line) => line.split(",").at(-1)),
        ["bronze", "gold", "silver"],
      );
    },
  );

  await step("chosen rows are put on a list", async () => {
    await pick(ACCOUNTS[0]);
    await pick(ACCOUNTS[2]);
    const bulk = page.getByRole("region", { name: "What to do with the chosen rows" });
    await bulk.getByText("2 chosen").waitFor();
    await noBarriers("chosen rows");
    await bulk.getByRole("button", { name: "Put on a list" }).click();
    await dialog().getByRole("combobox", { name: "List" }).click();
    await page.getByRole("option", { name: LIST, exact: true }).click();
    await dialog().getByRole("button", { name: "Add" }).last().click();
    await eventually("they are members", async () => {
      const { items } = await api(`/account_lists/${LIST}/members?limit=10`);
      assert.deepEqual(items.map(({ key }) => key).sort(), [ACCOUNTS[0], ACCOUNTS[2]]);
    });
    await bulk.waitFor({ state: "detached" });
  });

  await step(
    "accounts are found and put on a list, several at once, and pasted keys with them",
    async () => {
      await open(`/definitions/account_lists/${LIST}`);
      const members = page.getByRole("table", { name: "Members" });
      await members.getByText(`Listed ${mark} ${ACCOUNTS[2]}`).waitFor();
      await page.getByRole("button", { name: "Add accounts" }).click();
      const found = dialog().getByRole("combobox", { name: "Accounts" });
      for (const key of [ACCOUNTS[0], ACCOUNTS[1]]) {
        await found.fill(`${mark} ${key}`);
        await page.getByRole("option").filter({ hasText: key }).click();
      }
      await dialog().getByLabel("Or paste keys").fill(`nobody-${mark}\n${ACCOUNTS[1]}`);
      await noBarriers("adding accounts to a list");
      await dialog().getByRole("button", { name: "Add 3", exact: true }).click();
      await dialog().getByText(`Nobody has this key: nobody-${mark}`).waitFor();
      await members.getByText(`Listed ${mark} ${ACCOUNTS[1]}`).waitFor();
      await dialog().getByRole("button", { name: "Cancel" }).click();
      const { items } = await api(`/account_lists/${LIST}/members?limit=10`);
      assert.deepEqual(items.map(({ key }) => key).sort(), ACCOUNTS);
    },
  );

  await step("a list of definitions tells who made and published them", async () => {
    await open(`/lists?q=${mark}`);
    await page.getByRole("button", { name: "Choose columns" }).click();
    const chooser = page.getByRole("dialog", { name: "Choose columns" });
    for (const column of ["Description", "Made", "Made by", "Published by"])
      await chooser.getByLabel(column, { exact: true }).check();
    await page.keyboard.press("Escape");
    const { user } = await api("/session");
    const row = page.getByRole("row").filter({ hasText: LIST });
    await row.getByText("Whom to call.").waitFor();
    assert.equal(await row.getByText(user.email).count(), 3, "made, changed and published");
    await noBarriers("a list with every column");
  });

  await step("a list is narrowed by state, and stays so when it is opened again", async () => {
    const DRAFT = `unpublished-${mark}`;
    await write("PUT", `/account_lists/${DRAFT}`, { name: DRAFT, type: "static", state: "draft" });
    const shown = (key) => page.getByRole("link", { name: key, exact: true });
    await open(`/lists?q=${mark}`);
    await shown(LIST).waitFor();
    await shown(DRAFT).waitFor();
    await page.getByRole("button", { name: "Filter", exact: true }).click();
    await page.getByRole("dialog", { name: "Filter" }).getByLabel("Draft").check();
    await shown(LIST).waitFor({ state: "detached" });
    await noBarriers("a list narrowed by state");
    await page.reload();
    await page.getByRole("button", { name: "Filter · 1" }).waitFor();
    await shown(DRAFT).waitFor();
    assert.equal(await shown(LIST).count(), 0);
    await page.getByRole("button", { name: "Filter · 1" }).click();
    await page.getByRole("button", { name: "Show all states" }).click();
    await shown(LIST).waitFor();
  });

  await step(
    "a dynamic list is made with its condition, and whoever matches is on it",
    async () => {
      const name = `Large ${mark}`;
      const other = { key: `l-${mark}-other`, name: `Different ${mark}` };
      await write("PUT", `/accounts/${other.key}`, { name: other.name });
      await open("/lists");
      await page.getByRole("button", { name: "Create account list" }).first().click();
      await dialog().getByLabel("Name", { exact: false }).first().fill(name);
      await dialog().getByRole("combobox", { name: "Type" }).click();
      await page.getByRole("option", { name: "Dynamic" }).click();
      await dialog().getByRole("button", { name: "Edit the condition: When" }).click();
      const condition = page.getByRole("dialog", { name: "When" });
      await condition.getByLabel("Search attributes and filters").fill("Name");
      await condition.getByRole("button", { name: "Name", exact: true }).click();
      await condition.getByRole("combobox", { name: /operator/i }).click();
      await page.getByRole("option", { name: "contains", exact: true }).click();
      await condition.getByLabel(/value/i).first().fill(`Listed ${mark}`);
      await page.keyboard.press("Enter");
      await condition.getByText("3 accounts match").waitFor();
      const told = condition.getByRole("region", { name: "Who matches now" });
      for (const key of ACCOUNTS)
        await told.locator(`a[href$="/accounts/${encodeURIComponent(key)}"]`).waitFor();
      const ask = async (key) => {
        await told.getByLabel("Why not this account?").and(page.locator("input")).fill(key);
        await page.getByRole("option").filter({ hasText: key }).click();
      };
      await ask(other.key);
      await told.getByText("It does not match.").waitFor();
      await told.getByText(`saw: ${other.name}`).waitFor();
      await ask(ACCOUNTS[0]);
      await told.getByText("It matches.").waitFor();
      await noBarriers("the condition of a new list");
      await condition.getByRole("button", { name: "Done" }).click();
      await dialog().getByRole("button", { name: "Create", exact: true }).click();
      await page.getByRole("heading", { name, level: 1 }).waitFor();
      const key = new URL(page.url()).pathname.split("/").at(-1);
      await eventually("everybody who matches is a member", async () => {
        const { items } = await api(`/account_lists/${key}/members?limit=10`);
        assert.deepEqual(items.map((member) => member.key).sort(), ACCOUNTS);
      });
    },
  );

  await step("a list says by which column it is ordered before anybody sorts it", async () => {
    for (const key of SCORES) await write("PUT", `/scores/${key}`, { name: key });
    await open(`/admin?tab=audit&q=${mark}`);
    assert.equal(await head("When").getAttribute("aria-sort"), "descending");
    await page.getByRole("button", { name: "When", exact: true }).click();
    assert.equal(await head("When").getAttribute("aria-sort"), "ascending");
  });

  await step("several definitions are deleted together", async () => {
    await open(`/admin?tab=score&q=${mark}`);
    for (const key of SCORES) await pick(key);
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await dialog().getByText("Delete these 2?").waitFor();
    await noBarriers("deleting several");
    await dialog().getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByText(`Nothing matches “${mark}”`).waitFor();
    assert.deepEqual((await api(`/scores?q=${mark}`)).items, []);
  });
});
