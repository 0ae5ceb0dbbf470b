// An administrator's day on a store of its own: objects, stages, personas and weights are made on the pages,
// and the lists and the audit log tell of it.
import assert from "node:assert/strict";
import { begin } from "./walk.mjs";

const { server, page, api, write, eventually, noBarriers, step, walk } = await begin();
const mark = Date.now().toString(36);
const OBJECT = `Licences ${mark}`;
const ACCOUNTS = ["a", "b"].map((name) => `s-${mark}-${name}`);

const open = async (path) => {
  await page.goto(`${server.url}${path}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
};
const dialog = () => page.getByRole("dialog");
const titled = (name) => page.getByRole("heading", { name, level: 1 }).waitFor();
const create = () => dialog().getByRole("button", { name: "Create", exact: true }).click();
const begun = async (what, name) => {
  await page
    .getByRole("button", { name: `Create ${what}` })
    .first()
    .click();
  await dialog().getByLabel("Name", { exact: false }).first().fill(name);
};
const focused = () => page.evaluate(() => document.activeElement?.labels?.[0]?.textContent ?? "");

await walk(async () => {
  await page.goto(server.url);
  await page.getByLabel("Email").fill(server.email);
  await page.getByLabel("Password", { exact: true }).fill(server.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Main navigation" }).waitFor();
  for (const key of ACCOUNTS) await write("PUT", `/accounts/${key}`, { name: `Set up ${key}` });

  await step("a form says at each field what is missing, and goes to the first", async () => {
    await open("/admin?tab=custom-object");
    await page.getByRole("button", { name: "Create custom object" }).first().click();
    await create();
    assert.equal(await dialog().getByText("Fill this in.").count(), 2);
    assert.match(await focused(), /^Name/);
    await noBarriers("a form with what is missing");
  });

  await step(
    "an object is defined, its records are imported and seen with their account",
    async () => {
      await dialog().getByLabel("Name", { exact: false }).first().fill(OBJECT);
      await dialog().getByLabel("Primary key").fill("licence");
      for (const field of ["licence", "product"]) {
        await dialog().getByLabel("New name").fill(field);
        await dialog().getByRole("button", { name: "Add", exact: true }).click();
      }
      await create();
      await titled(OBJECT);
      await open("/import?kind=accounts");
      await page.getByRole("combobox", { name: "What the file holds" }).click();
      await page.getByRole("option", { name: OBJECT }).click();
      const rows = ["licence,product,account_key", `L1-${mark},Tide,${ACCOUNTS[0]}`];
      await page.locator("input[type=file]").setInputFiles({
        name: "licences.csv",
        mimeType: "text/csv",
        buffer: Buffer.from(rows.join("\n")),
      });
      await page.getByRole("button", { name: "Next" }).click();
      await page.getByRole("button", { name: "Show what would happen" }).click();
      await page.getByText("Nothing has been kept yet").waitFor();
      assert.equal(await page.locator("[data-figure=created]").textContent(), "1");
      await page.getByRole("button", { name: "Import", exact: true }).click();
      await page.getByText("The file is in.").waitFor();
      await open(`/accounts/${ACCOUNTS[0]}?tab=records`);
      const records = page.getByRole("region", { name: OBJECT }).first();
      await records.getByRole("cell", { name: `L1-${mark}`, exact: true }).waitFor();
      await noBarriers("an account's records");
    },
  );

  await step("stages are drawn, and there is one model only", async () => {
    await open("/groups?tab=stage-model");
    await begun("stage model", `Stages ${mark}`);
    await create();
    await titled(`Stages ${mark}`);
    await page.getByRole("button", { name: "Add a stage" }).click();
    const stage = page.getByRole("region", { name: "Stage", exact: true });
    await stage.getByLabel("Name", { exact: false }).fill("Lost");
    await stage.getByRole("combobox", { name: "What it means" }).click();
    await page.getByRole("option", { name: "Lost" }).click();
    const graph = page.getByRole("region", { name: "Stages and the moves between them" });
    await graph.getByRole("button", { name: /Aware/ }).click();
    await stage.getByRole("combobox", { name: "Moves to" }).click();
    await page.getByRole("option", { name: "Lost" }).click();
    await page.keyboard.press("Escape");
    await noBarriers("the stages");
    await page.getByRole("button", { name: /^Publish/ }).click();
    await page.getByText("Published: journeys use it").waitFor();
    const { stages } = await api(`/stage_models/stages-${mark}`);
    assert.ok(stages[0].to.includes("Lost"), JSON.stringify(stages));
    await open("/groups?tab=stage-model");
    await page.getByText("There is one stage model for the whole installation.").waitFor();
    assert.equal(await page.getByRole("button", { name: "Create stage model" }).count(), 0);
  });

  await step("a persona and weights are made; several choices are asked for too", async () => {
    await open("/admin?tab=persona");
    await begun("persona", `Buyer ${mark}`);
    await create();
    await dialog().getByText("is empty. Add at least one.").waitFor();
    await dialog().getByRole("button", { name: "Add", exact: false }).first().click();
    await dialog().getByRole("combobox", { name: "Attribute" }).click();
    await page.getByRole("option", { name: "Job title" }).click();
    await create();
    await dialog().getByText("Choose something here.").waitFor();
    await dialog().getByPlaceholder("Type and press Enter").fill("Buyer");
    await page.keyboard.press("Enter");
    await create();
    await titled(`Buyer ${mark}`);
    await open("/admin?tab=weighting-model");
    await begun("weighting model", `Weights ${mark}`);
    await create();
    await titled(`Weights ${mark}`);
    await page.getByRole("button", { name: /^Publish/ }).click();
    await page.getByText("Published: journeys use it").waitFor();
  });

  await step("lists begin with what was changed last, and the server sorts them", async () => {
    for (const [n, name] of ["beta", "Alpha", "gamma"].entries())
      await write("PUT", `/scores/sorted-${n}-${mark}`, { name: `${name} ${mark}` });
    await open(`/admin?tab=score&q=${mark}`);
    const names = () => page.locator("tbody tr a").allTextContents();
    const shown = (...order) =>
      eventually(`${order}`, async () =>
        assert.deepEqual(
          await names(),
          order.map((name) => `${name} ${mark}`),
        ),
      );
    await shown("gamma", "Alpha", "beta");
    await page.getByRole("button", { name: "Name", exact: true }).click();
    await shown("Alpha", "beta", "gamma");
    await page.getByRole("button", { name: "Name", exact: true }).click();
    await shown("gamma", "beta", "Alpha");
    const tabs = page.getByRole("tablist", { name: "Administration" });
    assert.ok(await tabs.getByRole("tab", { name: "Scores" }).isVisible());
    const [box, tab] = [
      await tabs.boundingBox(),
      await tabs.getByRole("tab", { selected: true }).boundingBox(),
    ];
    assert.ok(
      tab.y >= box.y && tab.y + tab.height <= box.y + box.height + 1,
      "the chosen tab is in sight",
    );
  });

  await step("the audit log tells it in words", async () => {
    await open(`/admin?tab=audit&q=${mark}`);
    const row = page.getByRole("row").filter({ hasText: `stages-${mark}` });
    await row.filter({ hasText: "Saved" }).first().waitFor();
    assert.equal(await page.getByRole("cell", { name: "Did", exact: true }).count(), 0);
    await noBarriers("the audit log");
  });
});
