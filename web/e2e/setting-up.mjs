// How a marketer sets up: files are imported by the wizard with mapped columns, and a list is made and filled by hand.
import assert from "node:assert/strict";
import { signIn } from "./browser.mjs";
import { begin } from "./walk.mjs";

const { server, page, api, noBarriers, step, walk } = await begin();
const mark = Date.now().toString(36);
const LIST = `Walkers ${mark}`;
const ACCOUNTS = [`w1-${mark}`, `w2-${mark}`];
const PEOPLE = ACCOUNTS.map((account) => `person-of-${account}`);
const csv = (header, rows) => [header, ...rows].map((row) => row.join(",")).join("\n");

async function importFile(kind, name, text, created) {
  await page.goto(`${server.url}/import?kind=${kind}`);
  await page.locator("input[type=file]").setInputFiles({
    name,
    mimeType: "text/csv",
    buffer: Buffer.from(text),
  });
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("button", { name: "Show what would happen" }).click();
  await page.getByText("Nothing has been kept yet").waitFor();
  assert.equal(await page.locator("[data-figure=created]").textContent(), String(created));
  assert.equal(await page.locator("[data-figure=rejected]").textContent(), "0");
  await noBarriers("the import's preview");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByText("The file is in.").waitFor();
}

await walk(async () => {
  await signIn(page, server);

  await step("accounts and people are imported with mapped columns", async () => {
    const accounts = ACCOUNTS.map((key, n) => [key, `Walk ${mark} ${n + 1}`, 500 + n, "x"]);
    await importFile(
      "accounts",
      "accounts.csv",
      csv(["Account ID", "Company", "Headcount", "Notes"], accounts),
      ACCOUNTS.length,
    );
    const people = PEOPLE.map((key, n) => [key, `${key}@walk.example`, "Ada", ACCOUNTS[n]]);
    await importFile(
      "people",
      "people.csv",
      csv(["Id", "Email Address", "First Name", "Account Key"], people),
      PEOPLE.length,
    );
    const account = await api(`/accounts/${ACCOUNTS[0]}`);
    assert.equal(account.employees, 500, "Headcount became employees");
    assert.equal(account.people, 1);
  });

  await step("a static list is made and filled by hand", async () => {
    await page.goto(`${server.url}/lists`);
    await page.getByRole("button", { name: "Create account list" }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name", { exact: false }).first().fill(LIST);
    await dialog.getByRole("button", { name: "Create", exact: true }).click();
    await page.getByRole("heading", { name: LIST, level: 1 }).waitFor();
    const accounts = page.getByPlaceholder("Type and press Enter");
    for (const key of ACCOUNTS) {
      await accounts.fill(key);
      await accounts.press("Enter");
    }
    await page.getByRole("button", { name: "Publish changes" }).click();
    await page.getByText("Published: journeys use it").waitFor();
    await noBarriers("a list");
    const { lists } = await api(`/accounts/${ACCOUNTS[1]}`);
    assert.ok(lists.includes(LIST.toLowerCase().replace(" ", "-")), `${lists}`);
  });
});
