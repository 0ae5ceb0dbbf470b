// A journey from its settings to its end: goal, hold-out and its own values, a start that is scheduled and called off, a copy,
// a pause, an end that is moved, and what is left of it.
import assert from "node:assert/strict";
import { signIn } from "./browser.mjs";
import { begin } from "./walk.mjs";

const { server, context, page, api, write, eventually, noBarriers, step, walk } = await begin();
const mark = Date.now().toString(36);
const KEY = `life-${mark}`;
const COPY = `life-${mark}-copy`;
const LIST = `lifers-${mark}`;
const ACCOUNTS = [1, 2, 3, 4].map((n) => `c-${mark}-${n}`);
const LATE = `c-${mark}-late`;
const A_DAY = 24 * 3_600_000;

const dialog = () => page.getByRole("dialog");
const settings = () => page.getByRole("complementary", { name: "Journey settings" });
const status = (key = KEY) => api(`/journeys/${key}/status`);
const manifest = (key = KEY) => api(`/journeys/${key}`);
const open = async (key = KEY, rest = "") => {
  await page.goto(`${server.url}/journeys/${key}${rest}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
};
const choose = async (item) => {
  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: item }).click();
  await dialog().waitFor();
};
const confirm = (name) => dialog().getByRole("button", { name, exact: true }).last().click();
/** As a date and time field takes it, in the zone of the browser. */
const local = (ms) =>
  page.evaluate((at) => {
    const shifted = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
    return shifted.toISOString().slice(0, 16);
  }, ms);
const stateIs = (wanted, key = KEY) =>
  eventually(`it is ${wanted}`, async () => assert.equal((await status(key)).state, wanted));

await walk(async () => {
  await signIn(page, server);
  for (const key of ACCOUNTS) await write("PUT", `/accounts/${key}`, { name: `Lifer ${key}` });
  await write("PUT", `/account_lists/${LIST}`, {
    name: LIST,
    type: "static",
    state: "live",
    accounts: ACCOUNTS,
  });
  await write("PUT", `/journeys/${KEY}`, {
    name: `Life ${mark}`,
    subject: "account",
    audience: { account_list: LIST },
    end: new Date(Date.now() + 90 * A_DAY).toISOString(),
    entry: "pause",
    nodes: { pause: { type: "wait", duration: "9d", next: null } },
  });

  await step("what it is for, who is only counted, and its own values are set", async () => {
    await open();
    await page.getByRole("button", { name: "Journey settings" }).click();
    await settings().getByRole("button", { name: "Edit the condition: Goal" }).click();
    const goal = page.getByRole("dialog", { name: "Goal" });
    await goal.getByLabel("Search attributes and filters").fill("Industry");
    await goal.getByRole("button", { name: "Industry", exact: true }).click();
    await goal.getByLabel("Value").first().fill("Converted");
    await page.keyboard.press("Enter");
    await goal.getByRole("button", { name: "Done" }).click();
    await settings().getByLabel("Hold out").fill("50");
    await settings().getByRole("button", { name: "Add a token" }).click();
    await settings().getByLabel("Name of the token").fill("topic");
    await settings().getByLabel("Value of topic").fill("Steel");
    await noBarriers("the settings of a journey");
    await eventually("they are kept", async () => {
      const { goal: kept, hold_out, tokens } = await manifest();
      assert.deepEqual([hold_out, tokens], [50, { topic: "Steel" }]);
      assert.ok(JSON.stringify(kept).includes("Converted"), JSON.stringify(kept));
    });
  });

  await step(
    "re-entry and tokens are changed from the menu, and undone with the rest",
    async () => {
      await choose("My tokens …");
      await dialog().getByLabel("Value of topic").fill("Copper");
      await confirm("Save");
      await dialog().waitFor({ state: "detached" });
      await choose("Re-entry …");
      await dialog().getByLabel("Travellers may enter again").check();
      await confirm("Save");
      await dialog().waitFor({ state: "detached" });
      await eventually("both are kept", async () => {
        const { tokens, reentry } = await manifest();
        assert.deepEqual([tokens, reentry.limit], [{ topic: "Copper" }, 3]);
      });
      await page.getByRole("button", { name: "Undo", exact: true }).click();
      await eventually("re-entry is undone", async () =>
        assert.equal((await manifest()).reentry, undefined),
      );
    },
  );

  await step("a start on a date is reviewed, scheduled and called off", async () => {
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    await dialog().getByLabel("On a date").check();
    await dialog()
      .getByLabel(/^Start/)
      .and(page.locator("input"))
      .fill(await local(Date.now() + 7 * A_DAY));
    await dialog().getByRole("button", { name: "Next" }).click();
    const day = dialog().getByRole("region", { name: "In the first 24 hours" });
    await day.getByText("4 would enter").waitFor();
    await noBarriers("the review of a start on a date");
    await confirm("Publish");
    await stateIs("scheduled");
    await choose("Abort");
    await confirm("Abort");
    await stateIs("aborted");
  });

  await step("its copy is published, and half of it is held out", async () => {
    await choose("Duplicate");
    await confirm("Duplicate");
    await page.waitForURL(`**/journeys/${COPY}`);
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    await dialog().getByLabel("Immediately").check();
    await dialog().getByRole("button", { name: "Next" }).click();
    await confirm("Publish");
    await stateIs("live", COPY);
    await eventually("everybody has entered", async () =>
      assert.equal((await status(COPY)).travellers.entered, ACCOUNTS.length),
    );
    const { travellers } = await status(COPY);
    assert.equal(travellers.active + travellers.held_out, ACCOUNTS.length);
  });

  await step("the overview closes with those held out, and tells who converted", async () => {
    for (const key of ACCOUNTS)
      await write("PUT", `/accounts/${key}`, { name: `Lifer ${key}`, industry: "Converted" });
    await open(COPY, "/overview");
    const goal = page.getByRole("table", { name: "Goal" });
    await eventually("the goal's figures are the API's", async () => {
      const { goal: of } = await status(COPY);
      assert.equal(of.travellers.converted + of.held_out.converted, ACCOUNTS.length);
      const cells = await goal.getByRole("row").nth(1).getByRole("cell").allTextContents();
      assert.deepEqual(cells.slice(1, 3).map(Number), [
        of.travellers.entered - of.travellers.before,
        of.travellers.converted,
      ]);
    });
    await noBarriers("an overview with a goal");
  });

  await step("every number leads to its travellers", async () => {
    await page
      .getByRole("region", { name: "Funnel by node" })
      .getByRole("link", { name: /^\d+$/ })
      .first()
      .click();
    const panel = page.getByRole("complementary", { name: /^Node: / });
    await panel.getByRole("listitem").first().waitFor();
    assert.match(page.url(), /show=reached/);
    const card = page.locator('.react-flow__node[data-id="pause"]');
    await card.locator("button", { has: page.locator("[data-count=current]") }).click();
    await page.waitForURL(/node=pause&show=current/);
    const { nodes } = await status(COPY);
    await eventually("they are listed", async () =>
      assert.equal(await panel.getByRole("listitem").count(), nodes.pause.current),
    );
  });

  await step("an account enters by hand, and the list of travellers has it", async () => {
    await write("PUT", `/accounts/${LATE}`, { name: `Latecomer ${mark}` });
    await open(COPY, "/travellers");
    await page.getByRole("button", { name: "Let an account enter" }).click();
    await dialog().getByLabel("Account").and(page.locator("input")).fill(LATE);
    await page.getByRole("option", { name: `Latecomer ${mark}` }).click();
    await noBarriers("entering by hand");
    await confirm("Let enter");
    await eventually("it has entered", async () =>
      assert.equal((await status(COPY)).travellers.entered, ACCOUNTS.length + 1),
    );
    await open(COPY, "/overview");
    const inside = page.getByRole("listitem").filter({ hasText: "Inside" });
    await inside.getByRole("link").click();
    await page.waitForURL(/\/travellers$/);
  });

  await step("it is paused and goes on, its end is moved, and it is closed", async () => {
    await choose("Pause");
    await confirm("Pause");
    await page.getByText("Paused", { exact: true }).first().waitFor();
    assert.equal((await status(COPY)).paused, true);
    await choose("Resume");
    await confirm("Resume");
    await eventually("it goes on", async () => assert.equal((await status(COPY)).paused, false));
    const end = Math.floor((Date.now() + 30 * A_DAY) / 60_000) * 60_000;
    await choose("Move the end date …");
    await dialog()
      .getByLabel("End")
      .fill(await local(end));
    await confirm("Move");
    await eventually("the end is moved", async () =>
      assert.equal(Date.parse((await manifest(COPY)).end), end),
    );
    assert.equal(Date.parse((await api(`/journeys/${COPY}/map`)).end), end, "and the map says so");
    await choose("Close");
    await confirm("Close");
    await stateIs("closed", COPY);
    await choose("Abort");
    await noBarriers("what aborting does");
    await confirm("Abort");
    await stateIs("aborted", COPY);
  });

  await step("it is deleted, and the list has it no more", async () => {
    await choose("Delete");
    await confirm("Delete");
    await page.waitForURL("**/journeys");
    await page.getByRole("link", { name: `Life ${mark}`, exact: true }).waitFor();
    const gone = await context.request.get(`${server.url}/api/v1/journeys/${COPY}`);
    assert.equal(gone.status(), 404);
    assert.equal(await page.getByRole("link", { name: `Life ${mark} copy` }).count(), 0);
  });
});
