// What is done with single accounts, people and their records by hand: every effect is read back from the API.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signIn } from "./browser.mjs";
import { begin } from "./walk.mjs";

const { server, context, page, api, write, eventually, noBarriers, step, walk } = await begin();
const mark = Date.now().toString(36);
const KEPT = `kept-${mark}`;
const GONE = `gone-${mark}`;

const open = async (path) => {
  await page.goto(`${server.url}${path}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
};
const dialog = () => page.getByRole("dialog");
const statusOf = async (path) =>
  (await context.request.get(`${server.url}/api/v1${path}`)).status();

await walk(async () => {
  await signIn(page, server);

  await step("two people become one, and what they have comes together", async () => {
    const ada = (key, last_name) => ({
      email: `${key}@acme.example`,
      first_name: "Ada",
      last_name,
    });
    await write("PUT", `/people/${KEPT}`, ada(KEPT, `Kept ${mark}`));
    await write("PUT", `/people/${GONE}`, { ...ada(GONE, `Gone ${mark}`), city: "Graz" });
    await open(`/people?q=${mark}`);
    await page.getByLabel(`Choose ${KEPT}`).check();
    await page.getByLabel(`Choose ${GONE}`).check();
    await page.getByRole("button", { name: "Merge", exact: true }).click();
    const stays = dialog().getByRole("radiogroup", { name: "Which one stays" });
    await stays.getByText(`Ada Kept ${mark}`).click();
    await dialog().getByText("Taken over, because it was empty: City").waitFor();
    await noBarriers("merging two people");
    await dialog().getByRole("button", { name: "Merge", exact: true }).click();
    await page.waitForURL(new RegExp(`/people/${KEPT}$`));
    await page.getByText("Graz").waitFor();
    assert.equal((await api(`/people/${KEPT}`)).last_name, `Kept ${mark}`);
    assert.equal(await statusOf(`/people/${GONE}`), 404);
  });

  await step("an account is merged from its own page, once the other is found", async () => {
    await write("PUT", `/accounts/${KEPT}`, { name: `Kept ${mark}` });
    await write("PUT", `/accounts/${GONE}`, { name: `Gone ${mark}`, industry: "Mining" });
    await open(`/accounts/${KEPT}`);
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Merge …" }).click();
    await dialog().getByLabel("The other account").and(page.locator("input")).fill(GONE);
    await page.getByRole("option", { name: GONE }).click();
    await dialog().getByText("Taken over, because it was empty: Industry").waitFor();
    await dialog().getByRole("button", { name: "Merge", exact: true }).click();
    await page.getByText("Mining").waitFor();
    assert.equal(await statusOf(`/accounts/${GONE}`), 404);
  });

  await step("the clock lists what was opened last, and leads there", async () => {
    await open(`/people/${KEPT}`);
    await page.getByRole("heading", { name: `Ada Kept ${mark}`, level: 1 }).waitFor();
    await open(`/accounts/${KEPT}`);
    await page.getByRole("heading", { name: `Kept ${mark}`, level: 1 }).waitFor();
    const clock = page.getByRole("button", { name: "Recently opened" });
    await clock.click();
    const entries = page.getByRole("menu").getByRole("menuitem");
    // Where one is already is left out.
    await entries.first().getByText(`Ada Kept ${mark}`).waitFor();
    await noBarriers("what was opened last");
    await page.keyboard.press("Enter");
    await page.waitForURL(new RegExp(`/people/${KEPT}$`));
    await clock.click();
    await entries.first().getByText("Account").waitFor();
    await page.keyboard.press("Escape");
    await page.goto(`${server.url}/people/${GONE}`);
    await page.getByText("There is nothing at this address").first().waitFor();
    await clock.click();
    await entries
      .filter({ hasText: `Kept ${mark}` })
      .first()
      .waitFor();
    assert.equal(await entries.filter({ hasText: `Gone ${mark}` }).count(), 0, "what is gone");
    await page.getByRole("menuitem", { name: "Forget all of it" }).click();
    await page.getByText("What you open is listed here").waitFor();
    await page.keyboard.press("Escape");
  });

  await step("a button of the CRM leads to whoever has its id, or says who has", async () => {
    await page.goto(`${server.url}/crm/account/${KEPT}`);
    await page.waitForURL(new RegExp(`/accounts/${KEPT}$`));
    await page.goto(`${server.url}/crm/contact/none-${mark}`);
    await page
      .getByRole("heading", { name: `There is no contact with the CRM id none-${mark} here` })
      .waitFor();
    await noBarriers("nobody has an id of the CRM");
    for (const system of ["eu", "us"])
      await write("PUT", `/people/${mark}@${system}.CRM`, {
        email: `${system}-${mark}@acme.example`,
      });
    await page.goto(`${server.url}/crm/lead/${mark}`);
    await page.getByText(`2 have the CRM id ${mark}`).waitFor();
    await noBarriers("several have an id of the CRM");
    await page.getByRole("link", { name: `us-${mark}@acme.example` }).click();
    await page.waitForURL(/\/people\/.*us\.CRM$/);
  });

  await step("what numbers consented to comes from a file, seen before it counts", async () => {
    const phone = "+4915112345678";
    await write("PUT", `/people/${KEPT}`, { mobile_phone: phone });
    await open("/import?kind=consents");
    const rows = ["Mobile,sender,consent", `${phone},+15005550006,y`, ",+15005550006,n"];
    await page.locator("input[type=file]").setInputFiles({
      name: "consents.csv",
      mimeType: "text/csv",
      buffer: Buffer.from(rows.join("\n")),
    });
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByText("Still missing: Number").waitFor();
    await page.getByRole("combobox", { name: "Mobile: Becomes" }).click();
    await page.getByRole("option", { name: "Number" }).click();
    await page.getByRole("button", { name: "Show what would happen" }).click();
    await page.getByText("Nothing has been kept yet").waitFor();
    const figure = (name) => page.locator(`[data-figure=${name}]`).textContent();
    assert.deepEqual([await figure("created"), await figure("rejected")], ["1", "1"]);
    await noBarriers("consents before they count");
    await page.getByRole("button", { name: "Import", exact: true }).click();
    await page.getByText("The file is in.").waitFor();
    assert.deepEqual([await figure("created"), await figure("rejected")], ["1", "1"]);
  });

  await step("an opportunity is added, changed and taken away on its account's page", async () => {
    const path = `/accounts/${KEPT}/records/opportunity`;
    await open(`/accounts/${KEPT}?tab=records`);
    const section = page.getByRole("region", { name: "Opportunities" }).first();
    await section.getByRole("button", { name: "Add record" }).click();
    await dialog().getByLabel("Key").fill(`opp-${mark}`);
    await dialog().getByLabel("Name", { exact: true }).fill("A first order");
    await dialog().getByLabel("Amount").fill("12500");
    await noBarriers("a new record");
    await dialog().getByRole("button", { name: "Save" }).click();
    const row = section.getByRole("row").filter({ hasText: `opp-${mark}` });
    await row.getByText("12,500").waitFor();
    assert.equal((await api(path)).items[0].fields.amount, 12500);

    await row.getByRole("button", { name: `Actions for opp-${mark}` }).click();
    await page.getByRole("menuitem", { name: "Edit" }).click();
    await dialog().getByLabel("Amount").fill("13000");
    await dialog().getByRole("button", { name: "Save" }).click();
    await row.getByText("13,000").waitFor();
    await page.reload();
    await row.waitFor();
    await noBarriers("records");
    await row.getByRole("button", { name: `Actions for opp-${mark}` }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await dialog().getByRole("button", { name: "Delete" }).click();
    await row.waitFor({ state: "detached" });
    assert.deepEqual((await api(path)).items, []);
  });

  await step("a buying group's scores are told term by term, as the API has them", async () => {
    await write("POST", "/engagement/score");
    const group = await eventually("everybody is scored", async () => {
      for (const { id } of (await api("/buying_groups?limit=50&engagement_from=1")).items) {
        const { engagement } = await api(`/buying_groups/${id}/explain`);
        // Two people of a group may have one name.
        const named = (name) => engagement.members.filter((member) => member.name === name).length;
        const doer = engagement.members.find(
          ({ name, activities }) => activities.length > 0 && named(name) === 1,
        );
        if (engagement.run && doer) return { id, doer };
      }
      throw new Error("nobody in a group did anything that weighs");
    });
    // A demo scores everybody now and then, between the page and the API as well.
    await eventually("the page tells the API's scores", async () => {
      await open(`/groups/${group.id}?tab=scores`);
      const sum = await api(`/buying_groups/${group.id}/explain`);
      const shown = async (term) => Number(await page.locator(`[data-term=${term}]`).textContent());
      await page.locator("[data-term=engagement]").waitFor();
      assert.equal(await shown("engagement"), Math.round(sum.engagement.score * 100) / 100);
      assert.equal(await shown("completeness"), Math.round(sum.completeness.sum * 100) / 100);
      const name = group.doer.name ?? group.doer.person;
      await page.getByRole("button", { name: `What ${name} did` }).click();
      const deeds = page.getByRole("table", { name: `What ${name} did` });
      await deeds.waitFor();
      // Each type, and the sum below them, under the names of the columns.
      const rows = await deeds.getByRole("row").count();
      assert.equal(rows, group.doer.activities.length + 2);
    });
    await page.getByRole("img", { name: "Day by day" }).waitFor();
    await noBarriers("the scores of a buying group");
  });

  await step(
    "a published roles template asks only for how many members its roles need",
    async () => {
      const key = `roles-${mark}`;
      const roles = [
        { role: "Decision Maker", required: true, when: { person: "city", is: "Graz" } },
      ];
      await write("PUT", `/roles_templates/${key}`, { roles, state: "live" });
      await open(`/definitions/roles_templates/${key}`);
      await page.getByText("duplicate it, publish the copy").waitFor();
      await page.getByRole("textbox", { name: "Members needed: Decision Maker" }).fill("3");
      await noBarriers("a published roles template");
      await page.getByRole("button", { name: "Publish changes" }).click();
      await page.getByText("Not saved yet").waitFor({ state: "detached" });
      const [card] = (await api(`/roles_templates/${key}`)).roles;
      assert.deepEqual(card, { ...roles[0], weighting: "normal", members_required: 3 });

      await page.getByRole("button", { name: "Duplicate" }).click();
      await dialog().getByLabel("Name").fill(`Copy ${mark}`);
      await dialog().getByRole("button", { name: "Duplicate" }).click();
      await page.getByRole("heading", { name: `Copy ${mark}`, level: 1 }).waitFor();
      assert.equal((await api(`/roles_templates/copy-${mark}`)).state ?? "draft", "draft");
      await page.getByRole("button", { name: "Publish", exact: true }).waitFor();
    },
  );

  await step("a published stage model and weights in force are shown, not asked for", async () => {
    const [model] = (await api("/stage_models")).items;
    await open(`/definitions/stage_models/${model.key}`);
    await page.getByText("publish a new model").waitFor();
    assert.equal(await page.getByRole("button", { name: "Add a stage" }).count(), 0);
    await noBarriers("a published stage model");

    const weights = { bands: [{ name: "High", value: 90 }], activities: { email_clicked: "High" } };
    await write("PUT", `/weighting_models/weights-${mark}`, { ...weights, state: "live" });
    await open(`/definitions/weighting_models/weights-${mark}`);
    await page.getByText("Email clicked: High").waitFor();
    await page.getByText("takes the place of this one").waitFor();
    await noBarriers("weights in force");
  });

  await step("files that arrive are taken in by a schedule that is set up here", async () => {
    const folder = await mkdtemp(join(tmpdir(), "caravan-walk-"));
    const key = `arrivals-${mark}`;
    const name = `Arrivals ${mark}`;
    await write("PUT", `/connections/${key}`, { type: "folder", settings: { path: folder } });
    const rows = `Id,name\narrived-${mark},Arrived ${mark}\n,Nobody\n`;
    await writeFile(join(folder, "accounts-1.csv"), rows);
    await open("/import?tab=schedule");
    await page.getByRole("button", { name: "Set up a schedule" }).first().click();
    await dialog().getByRole("combobox", { name: "Connection" }).click();
    await page.getByRole("option", { name, exact: true }).click();
    await dialog().getByLabel("Columns that are called otherwise").fill("Id = key");
    await noBarriers("a schedule of imports");
    await dialog().getByRole("button", { name: "Save" }).click();
    await page.getByRole("row").filter({ hasText: name }).getByText("accounts-*.csv").waitFor();
    const { settings } = await api(`/connections/${key}`);
    assert.deepEqual(settings.imports, {
      every: "1h",
      files: [{ name: "accounts-*.csv", kind: "accounts", map: { Id: "key" } }],
    });

    await page.getByRole("link", { name, exact: true }).click();
    await page.getByRole("button", { name: "Look now" }).click();
    await page.getByRole("button", { name: "accounts-1.csv" }).click();
    await page.getByText("Taken in, some rows rejected").waitFor();
    await page.getByRole("table", { name: "Rows that are not taken" }).waitFor();
    assert.equal((await api(`/accounts/arrived-${mark}`)).name, `Arrived ${mark}`);
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download all of them" }).click(),
    ]);
    assert.match(await readFile(await file.path(), "utf8"), /^line,code,reason\n3,[a-z_]+,/);
    await noBarriers("files that were taken in");
    await rm(folder, { recursive: true });
  });
});
