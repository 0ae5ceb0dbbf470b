// Dashboards: filters narrow them, their files hold what they show, every number leads to what it counts, and all of it
// is what the API says.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { signIn } from "./browser.mjs";
import { begin } from "./walk.mjs";

const { server, page, api, eventually, step, walk } = await begin();

const open = async (path) => {
  await page.goto(`${server.url}${path}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
};
const number = (text) => Number(text.replaceAll(/[^\d.]/g, ""));

async function csv(button) {
  const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
  const text = await readFile(await download.path(), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.split(","));
}

async function choose(label, option) {
  const wanted = page.getByRole("option", { name: option, exact: true });
  // What can be chosen may come after the field was opened.
  await eventually(`${option} is chosen`, async () => {
    if (!(await wanted.isVisible())) await page.getByRole("combobox", { name: label }).click();
    await wanted.click({ timeout: 2_000 });
  });
}

/** As many rows as the list below says that there are. */
const total = async () => number(await page.getByText(/^[\d,.]+ in all$/).textContent());

await walk(async () => {
  await signIn(page, server);
  const { items: interests } = await api("/solution_interests?limit=50");
  const interest = interests[0];

  /** Groups are made all the while in a demo: asks for the figures, opens the page, and compares until both stand still. */
  const figuresOn = (path, check) =>
    eventually(`${path} shows the API's figures`, async () => {
      const figures = await api(`/buying_groups/figures?solution_interest=${interest.key}`);
      await open(path);
      await check(figures);
    });

  await step("groups are narrowed to an interest, and saved as they are shown", async () => {
    await open("/dashboards?tab=groups");
    await choose("Solution interest", interest.name);
    await page.waitForURL(/interest=/);
    const button = page.getByRole("button", { name: "Download as CSV" });
    await figuresOn(`/dashboards?tab=groups&interest=${interest.key}`, async (figures) => {
      const shown = page.locator("main").getByText("Groups", { exact: true }).locator("xpath=..");
      assert.equal(number(await shown.textContent()), figures.groups);
      const rows = await csv(button);
      const of = (wanted) => rows.filter(([what]) => what === wanted);
      for (const { stage, groups } of figures.stages) {
        const row = of("Groups by stage").find(([, name]) => name === (stage ?? "No stage"));
        assert.equal(Number(row?.[2]), groups, stage);
      }
      for (const what of ["Groups by stage", "Groups by completeness", "Groups by engagement"]) {
        const sum = of(what).reduce((all, [, , n]) => all + Number(n), 0);
        assert.equal(sum, figures.groups, what);
      }
    });
  });

  await step("a bar leads to the groups that it counts", async () => {
    await figuresOn(`/dashboards?tab=groups&interest=${interest.key}`, async (figures) => {
      const chart = page.getByRole("img", { name: "Groups by stage" });
      await chart.locator(".recharts-bar-rectangle path").first().click();
      await page.waitForURL(/\/groups\?/);
      const search = new URL(page.url()).searchParams;
      assert.equal(search.get("interest"), interest.key);
      const stage = search.get("stage") || null;
      const counted = figures.stages.find((each) => (each.stage ?? null) === stage);
      assert.equal(await total(), counted?.groups, `${stage}`);
    });
  });

  await step("a role that is missing leads to the groups that lack it", async () => {
    await figuresOn(`/dashboards?tab=roles&interest=${interest.key}`, async (figures) => {
      const role = figures.roles.find(({ missing }) => missing > 0);
      assert.ok(role, "a role is missing somewhere");
      const link = page.getByRole("row").filter({ hasText: role.role }).first().getByRole("link");
      assert.equal(number(await link.textContent()), role.missing);
      await link.click();
      await page.waitForURL(/\/groups\?/);
      assert.equal(await total(), role.missing);
    });
  });

  await step("messages of one journey and time, in the file as in the API", async () => {
    const { items: journeys } = await api("/journeys?limit=50");
    let journey;
    let told = [];
    for (const each of journeys) {
      told = (await api(`/messages/figures?by=message&journey=${each.key}&days=7`)).items;
      journey = each;
      if (told.length > 0) break;
    }
    assert.ok(told.length > 0, "a journey sends");
    await open("/dashboards?tab=messages");
    await choose("Journey", journey.name);
    await page.getByText("7 days", { exact: true }).click();
    await page.waitForURL(/days=7/);
    const columns = ["sent", "delivered", "opened", "clicked"];
    // Messages leave and are opened all the while; the board shows what was when it was opened.
    await eventually("the file holds the figures", async () => {
      await page.reload();
      const [head, ...rows] = await csv(page.getByRole("button", { name: "Download as CSV" }));
      const now = (await api(`/messages/figures?by=message&journey=${journey.key}&days=7`)).items;
      assert.equal(rows.length, now.length);
      for (const column of columns) {
        const at = head.findIndex((each) => each.toLowerCase() === column);
        const sum = rows.reduce((all, row) => all + Number(row[at]), 0);
        assert.equal(
          sum,
          now.reduce((all, each) => all + each[column], 0),
          column,
        );
      }
    });
  });

  await step("the overview's figures are the API's, and its files hold them", async () => {
    const { items: journeys } = await api("/journeys?limit=50");
    const ran = journeys.filter(({ travellers }) => (travellers.entered ?? 0) > 0);
    const counts = await Promise.all(
      ran.map(async ({ key }) => ({
        key,
        sent: (await api(`/messages/figures?by=message&journey=${key}`)).items.length,
      })),
    );
    const { key } = counts.find(({ sent }) => sent > 0) ?? {};
    assert.ok(key, "a journey sends");
    const region = (name) => page.getByRole("region", { name, exact: true });
    const cells = async (table) =>
      page
        .getByRole("table", { name: table })
        .locator("tbody tr")
        .first()
        .locator("td")
        .allTextContents();
    // Accounts travel all the while in a demo: both are asked for at once until they agree.
    await eventually("the overview holds the figures", async () => {
      await open(`/journeys/${key}/overview`);
      await region("Completion rate").waitFor();
      const figures = await api(`/journeys/${key}/figures`);
      const told = (await region("Completion rate").textContent()) ?? "";
      const [, completed, entered] = /([\d,]+) of ([\d,]+) who entered/.exec(told) ?? [];
      assert.deepEqual([number(completed), number(entered)], [figures.completed, figures.entered]);
      const [, engaged, people] =
        /by people([\d,]+)of ([\d,]+)/.exec(
          (await region("Engagement by people").textContent()) ?? "",
        ) ?? [];
      const { engagement } = figures;
      assert.deepEqual(
        [number(engaged), number(people)],
        [engagement.engaged_people, engagement.people],
      );
      const ring = await region("Engagement by accounts")
        .getByRole("listitem")
        .locator("b")
        .allTextContents();
      const rest = engagement.accounts - engagement.engaged_accounts;
      assert.deepEqual(ring.map(number), [engagement.engaged_accounts, rest]);
      await page
        .getByRole("img", { name: "Completion over time" })
        .locator(".recharts-surface")
        .first()
        .waitFor();
      const [version, , versionEntered, versionCompleted] = await cells("Versions compared");
      const first = figures.versions[0];
      assert.deepEqual([version, versionEntered, versionCompleted].map(number), [
        first.version,
        first.entered,
        first.completed,
      ]);
      const { items } = await api(`/messages/figures?by=message&journey=${key}`);
      const emails = items.filter(({ channel }) => channel === "email");
      const sent = Math.max(...emails.map((each) => each.sent));
      assert.equal(number((await cells("Email performance"))[1]), sent);
    });
    await eventually("the files hold what is shown", async () => {
      await page.reload();
      const [, ...nodes] = await csv(
        region("Funnel by node").getByRole("button", { name: "Download as CSV" }),
      );
      const status = await api(`/journeys/${key}/status`);
      const [, name, , reached] = nodes[0];
      assert.equal(Number(reached), status.nodes[name].reached);
      await page.getByRole("button", { name: "Email performance: more" }).click();
      const [, ...emails] = await csv(page.getByRole("menuitem", { name: "Download CSV" }));
      const { items } = await api(`/messages/figures?by=message&journey=${key}`);
      const told = items.filter(({ channel }) => channel === "email").map(({ sent }) => sent);
      assert.deepEqual(emails.map((row) => Number(row[1])).toSorted(), told.toSorted());
    });
    await page.getByRole("button", { name: "Email performance: more" }).click();
    await page.getByRole("menuitem", { name: "View more" }).click();
    const dialog = page.getByRole("dialog", { name: "Email performance" });
    await dialog.getByRole("img", { name: "Delivered, opened and clicked" }).waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Email performance: more" }).click();
    await page.getByRole("menuitem", { name: "Drill through" }).click();
    await page.waitForURL((url) => url.searchParams.get("journey") === key);
    await page.getByRole("table", { name: "Email performance" }).waitFor();
  });

  await step(
    "an address that names an action inside a box opens the box and shows it",
    async () => {
      const { items } = await api("/journeys?limit=50");
      const maps = await Promise.all(items.map(({ key }) => api(`/journeys/${key}/map`)));
      const [{ key, action }] = maps.flatMap(({ key, nodes }) =>
        nodes.flatMap(({ box }) => box?.[0]?.actions.map((action) => ({ key, action })) ?? []),
      );
      await page.setViewportSize({ width: 1024, height: 768 });
      await page.goto(`${server.url}/journeys/${key}?node=${action.id}`);
      const card = page.locator(`[data-card="${action.id}"][data-selected]`);
      await eventually("its card stands in sight", async () => {
        const [at, map] = [
          await card.boundingBox(),
          await page.locator(".react-flow").boundingBox(),
        ];
        assert.ok(at.x >= map.x && at.x + at.width <= map.x + map.width);
        assert.ok(at.y >= map.y && at.y + at.height <= map.y + map.height);
      });
      await page.setViewportSize({ width: 1440, height: 900 });
    },
  );

  await step("a journey's bar leads to its details, and those to its travellers", async () => {
    await open("/dashboards");
    const { items } = await api("/journeys?limit=50");
    const ran = items.filter(({ travellers }) => (travellers.entered ?? 0) > 0);
    const chart = page.getByRole("img", { name: "Where travellers are" });
    await chart.locator(".recharts-bar-rectangle path").first().click();
    await page.waitForURL(/tab=journey&/);
    const key = new URL(page.url()).searchParams.get("journey");
    assert.ok(ran.some((each) => each.key === key));
    await page.getByRole("link", { name: "See the travellers" }).click();
    await page.getByRole("table", { name: "Travellers" }).waitFor();
    const { items: trips } = await api(`/journeys/${key}/travellers?state=active&limit=1`);
    // Where each stands is told by the card's title.
    if (trips.length > 0)
      await page.getByRole("cell", { name: trips[0].node_title }).first().waitFor();
  });
});
