// Long lists: ordered by the server, whole, and exported in the background with a notification when the file is ready.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { signIn } from "./browser.mjs";
import { begin } from "./walk.mjs";

const { server, page, api, write, eventually, noBarriers, step, walk } = await begin();
const MORE = 620;
const mark = Date.now().toString(36);

const open = async (path) => {
  await page.goto(`${server.url}${path}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
};
const firstCell = (label) =>
  page.getByRole("table", { name: label }).getByRole("row").nth(1).getByRole("cell").nth(1);

async function saved(link) {
  const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
  return {
    name: download.suggestedFilename(),
    text: await readFile(await download.path(), "utf8"),
  };
}

await walk(async () => {
  await signIn(page, server);
  const { csrf } = await api("/session");

  await step("a list that is longer than a page is there", async () => {
    const lines = Array.from(
      { length: MORE },
      (_, n) => `x-${mark}-${n},x${n}@${mark}.example,=Ann,Long ${mark}`,
    );
    const answer = await page.request.post(`${server.url}/api/v1/import/people?format=csv`, {
      headers: { "Content-Type": "text/csv", "X-CSRF-Token": csrf },
      data: `key,email,first_name,last_name\n${lines.join("\n")}\n`,
    });
    assert.equal((await answer.json()).created, MORE);
  });

  await step("the headings order the whole list, however little of it is shown", async () => {
    await open("/people");
    for (const [order, query] of [
      ["ascending", "sort=email"],
      ["descending", "sort=email&descending=true"],
    ]) {
      await page.getByRole("button", { name: "Email", exact: true }).click();
      const head = page.getByRole("columnheader", { name: "Email", exact: true });
      await eventually(`${order} in the table`, async () =>
        assert.equal(await head.getAttribute("aria-sort"), order),
      );
      const [first] = (await api(`/people?limit=1&${query}`)).items;
      const row = page.getByRole("table", { name: "People" }).getByRole("row").nth(1);
      // Somebody without a name is named by the address.
      await row.getByText(first.email, { exact: true }).first().waitFor();
    }
    // People join a demo all the while.
    await page.getByText(/^50 of [\d,]+$/).waitFor();
    await open("/accounts");
    await page.getByRole("button", { name: "Employees", exact: true }).click();
    const [smallest] = (await api("/accounts?limit=1&sort=employees")).items;
    await firstCell("Accounts").getByText(smallest.name, { exact: true }).waitFor();
    await open("/groups");
    await page.getByRole("button", { name: "Completeness", exact: true }).click();
    await page.getByRole("columnheader", { name: "Completeness", exact: true }).waitFor();
    const [least] = (await api("/buying_groups?limit=1&sort=completeness")).items;
    await firstCell("Buying groups").getByText(least.name, { exact: true }).waitFor();
  });

  await step("a long list is exported in the background, and the bell tells of it", async () => {
    await open(`/people?q=${mark}`);
    await page.getByText(`of ${MORE}`).waitFor();
    await page.getByRole("button", { name: "Download as CSV" }).click();
    await page.getByText("You are told when it is ready.").waitFor();
    const bell = page.getByRole("button", { name: /^Notifications, / });
    await bell.waitFor();
    await eventually("the reader is told", async () =>
      assert.match(
        (await page.getByRole("status").allTextContents()).join("|"),
        new RegExp(`The export of people is ready: ${MORE} rows`),
      ),
    );
    await bell.click();
    await page.getByText(`The export of people is ready: ${MORE} rows`).last().waitFor();
    await noBarriers("the notifications");
    const file = await saved(page.getByRole("link", { name: "Download people" }).first());
    assert.match(file.name, /^people-\d{4}-\d{2}-\d{2}\.csv$/);
    const lines = file.text.trimEnd().split("\n");
    assert.equal(lines.length, MORE + 1);
    assert.match(lines[0], /^first_name,last_name,email,job_title,accounts/);
    assert.match(lines[1], /^'=Ann,/);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Notifications", exact: true }).waitFor();
  });

  await step(
    "exports stand on a page of their own, where they are downloaded and deleted",
    async () => {
      await open("/exports");
      const row = page.getByRole("row").filter({ hasText: "people-" });
      await row.getByText("Ready").waitFor();
      await noBarriers("the exports");
      const file = await saved(row.getByRole("link", { name: /^Download people-/ }));
      assert.equal(file.text.trimEnd().split("\n").length, MORE + 1);
      await row.getByRole("button", { name: /^Delete people-/ }).click();
      await row.waitFor({ state: "detached" });
      assert.deepEqual((await api("/exports")).items, []);
    },
  );

  await step(
    "travellers of a journey are searched, ordered and exported where they are many",
    async () => {
      const people = Array.from({ length: MORE }, (_, n) => `x-${mark}-${n}`);
      await write("PUT", `/people_lists/long-${mark}`, { type: "static", state: "live", people });
      await write("PUT", `/journeys/long-${mark}`, {
        name: `Long ${mark}`,
        subject: "person",
        audience: { people_list: `long-${mark}` },
        end: new Date(Date.now() + 30 * 24 * 3_600_000).toISOString(),
        entry: "pause",
        nodes: { pause: { type: "wait", duration: "9d", next: null } },
      });
      await write("POST", `/journeys/long-${mark}/publish`, {});
      await eventually("all of them travel", async () => {
        const { travellers } = await api(`/journeys/long-${mark}/status`);
        assert.equal(travellers.active, MORE);
      });
      await open(`/journeys/long-${mark}/travellers`);
      await page.getByText(`${MORE} in all`).waitFor();
      await noBarriers("travellers of a journey");
      await page.getByRole("searchbox", { name: "Search by name or email" }).fill(`x61@${mark}`);
      await page.getByText("1 in all").waitFor();
      await page.getByRole("cell", { name: `x61@${mark}.example`, exact: true }).waitFor();
      await page.getByRole("button", { name: "Clear the search" }).click();
      await page.getByText(`${MORE} in all`).waitFor();
      await page.getByRole("button", { name: "Entered", exact: true }).click();
      const head = page.getByRole("columnheader", { name: "Entered", exact: true });
      assert.equal(await head.getAttribute("aria-sort"), "descending");
      await page.getByRole("button", { name: "Download as CSV" }).click();
      const file = await eventually("the file is written", async () => {
        const { items } = await api("/exports");
        const done = items.find(({ of, state }) => of.travellers && state === "done");
        assert.ok(done);
        return done;
      });
      assert.deepEqual([file.rows, file.columns.slice(0, 2)], [MORE, ["name", "email"]]);
      await page.request.delete(`${server.url}/api/v1/exports/${file.id}`, {
        headers: { "X-CSRF-Token": csrf },
      });
    },
  );

  await step("the activities of one person are exported from their page", async () => {
    const key = `x-${mark}-7`;
    await write("PUT", `/people/${key}`, { job_title: "Chief" });
    await open(`/people/${key}?tab=timeline`);
    await page.getByRole("button", { name: "Export these activities" }).click();
    await eventually("the file is written", async () => {
      const [one] = (await api("/exports")).items;
      assert.deepEqual([one.state, one.of.activities.person], ["done", key]);
    });
  });

  await step(
    "a group's page names who decides and does most, and what is known of them",
    async () => {
      const { items } = await api("/buying_groups?limit=1&sort=engagement&descending=true");
      const [group] = items;
      const top = "limit=3&sort=engagement&descending=true";
      const deciders = await api(
        `/buying_groups/${group.id}/members?${top}&role=${encodeURIComponent("Decision Maker")}`,
      );
      await open(`/groups/${group.id}`);
      const card = page.getByRole("region", { name: "Decision makers" });
      await card.waitFor();
      if (deciders.items.length === 0)
        await card.getByText("Nobody in the group decides").waitFor();
      else {
        const names = await card.getByRole("link").allTextContents();
        assert.deepEqual(
          names,
          deciders.items.map(({ name, person }) => name ?? person),
        );
      }
      const [first] = (await api(`/buying_groups/${group.id}/members?${top}`)).items;
      await page.getByRole("button", { name: `Details of ${first.name ?? first.person}` }).click();
      await page.getByText("Last interesting moment").waitFor();
      if (first.email) await page.getByRole("link", { name: first.email }).waitFor();
      await noBarriers("a member's details");
      await open(`/people/${first.person}`);
      await page.getByText(`engagement ${Math.round(first.engagement)}`).waitFor();
      await page.getByRole("region", { name: "Latest activities" }).waitFor();
      await open("/groups");
      await page.getByRole("tab", { name: "Overview" }).click();
      await page.getByText("By stage").or(page.getByText("Stage")).first().waitFor();
      await page.getByRole("tab", { name: "Role insights" }).click();
      await noBarriers("role insights beside the groups");
    },
  );
});
