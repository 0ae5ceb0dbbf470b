// The walk through the first floor, as a user goes, in a real browser against a running server:
// sign in → journeys → a live journey whose map shows the API's own counts → a node → its travellers →
// one timeline → accounts → a person → caught mail.
// Environment: CARAVAN_URL, CARAVAN_EMAIL, CARAVAN_PASSWORD (and CHROMIUM for another browser path).
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { signIn } from "./browser.mjs";
import { begin } from "./walk.mjs";

const { server, context, page, api, eventually, noBarriers, step, walk } = await begin();

const scripts = new Map();
page.on("response", (answer) => {
  if (answer.request().resourceType() !== "script") return;
  scripts.set(
    answer.url(),
    answer.body().then((body) => gzipSync(body).length),
  );
});

/** A way out of the journey need not be among the paths: whoever ended there took it. */
function taken(map, status, from, to, path) {
  const { paths, ended } = status.nodes[from];
  const ends = map.edges.filter((edge) => edge.from === from && edge.to == null);
  return paths[path] ?? (to == null && ends.length === 1 ? ended : 0);
}

const number = (text) => Number(text.replaceAll(/\D/g, ""));

let journey;
let node;

await walk(async () => {
  await step("a wrong password is refused", async () => {
    await page.goto(`${server.url}/journeys`);
    await page.getByLabel("Email").fill(server.email);
    await page.getByLabel("Password", { exact: true }).fill(`${server.password}-wrong`);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").getByText("Email or password is not right.").waitFor();
    await noBarriers("sign in");
  });

  await step("sign in leads to the journeys, with the API's total", async () => {
    await signIn(page, server);
    const { total, items } = await api("/journeys?limit=50");
    assert.ok(items.length > 0, "the server has a journey");
    await page.getByRole("link", { name: items[0].name, exact: true }).waitFor();
    assert.equal(await page.locator("tbody tr").count(), items.length);
    if (total != null)
      await page.locator("header").getByText(String(total), { exact: true }).waitFor();
    journey = items.find((each) => each.state === "live");
    assert.ok(journey, "one journey is live");
    await noBarriers("journeys");
  });

  await step("the first page ships less than 400 kB of compressed script", async () => {
    const bytes = (await Promise.all(scripts.values())).reduce((sum, size) => sum + size, 0);
    assert.ok(bytes > 0 && bytes < 400_000, `${bytes} bytes`);
  });

  await step("the map draws every node and path with the API's counts", async () => {
    await page.getByRole("link", { name: journey.name, exact: true }).click();
    const map = await api(`/journeys/${journey.key}/map`);
    await page.getByRole("heading", { name: journey.name, level: 1 }).waitFor();
    await page.getByRole("button", { name: "Fit the whole map" }).click();
    await eventually("every node is drawn", async () => {
      assert.equal(
        await page.locator('.react-flow__node[data-id]:not([data-id*=":"])').count(),
        map.nodes.length,
      );
    });
    await eventually("counts on nodes equal the status", async () => {
      const status = await api(`/journeys/${journey.key}/status`);
      for (const { id } of map.nodes) {
        const card = page.locator(`.react-flow__node[data-id="${id}"]`);
        for (const count of ["reached", "current"]) {
          const shown = number(await card.locator(`[data-count=${count}]`).first().textContent());
          assert.equal(shown, status.nodes[id]?.[count], `${id} ${count}`);
        }
        const { reached, left, current, ended } = status.nodes[id];
        assert.equal(reached, left + current + ended, `${id} closes`);
      }
    });
    await eventually("counts on labelled paths equal the status", async () => {
      const status = await api(`/journeys/${journey.key}/status`);
      for (const { from, to, path } of map.edges.filter((edge) => edge.path != null)) {
        const chip = page.locator(
          `[data-path^="${from}>"][data-path$=":${path}"] [data-count=path]`,
        );
        assert.equal(
          number(await chip.textContent()),
          taken(map, status, from, to, path),
          `${from} ${path}`,
        );
      }
    });
    await noBarriers("journey map");
  });

  await step("a node opens with its settings and its travellers", async () => {
    const { nodes } = await api(`/journeys/${journey.key}/status`);
    const map = await api(`/journeys/${journey.key}/map`);
    node = map.nodes.find(({ id }) => nodes[id].current > 0) ?? map.nodes[0];
    const place = nodes[node.id].current > 0 ? "Now here" : "Reached";
    const title = page
      .locator(`.react-flow__node[data-id="${node.id}"] button[aria-pressed]`)
      .first();
    await title.focus();
    await page.keyboard.press("Enter");
    const panel = page.getByRole("complementary", { name: `Node: ${node.title}` });
    await panel.getByRole("heading", { name: "Settings" }).waitFor();
    await panel.getByText(place, { exact: true }).click();
    await panel.getByRole("listitem").getByRole("link").first().waitFor();
    await noBarriers("node panel");
  });

  await step("a traveller leads to its timeline", async () => {
    const link = page.getByRole("complementary").getByRole("listitem").getByRole("link").first();
    const id = decodeURIComponent((await link.getAttribute("href")).split("/").at(-1));
    await link.click();
    await page.getByRole("heading", { name: "Timeline" }).waitFor();
    const trip = await api(`/journeys/${journey.key}/travellers/${id}/timeline`);
    await page
      .getByRole("heading", { name: trip.traveller.name ?? trip.traveller.key, level: 1 })
      .waitFor();
    if (trip.waiting) await page.getByText(/^Waiting here: /).waitFor();
    const told = page.getByRole("region", { name: "Why it is here" });
    for (const change of trip.here.to_change)
      await told.getByText(change.replaceAll(/[`*]/g, "")).first().waitFor();
    for (const tried of trip.here.why?.tried ?? [])
      for (const { text } of tried.tests) await told.getByText(text).first().waitFor();
    await eventually("every item is listed", async () => {
      const { items } = await api(`/journeys/${journey.key}/travellers/${id}/timeline`);
      assert.equal(await page.locator("main ol > li").count(), items.length);
    });
    await noBarriers("timeline");
  });

  await step("the overview closes its sums", async () => {
    await page.goto(`${server.url}/journeys/${journey.key}/overview`);
    await page.getByText("Every node closes:").waitFor();
    await noBarriers("overview");
  });

  await step("accounts are searched, opened, and lead to their people", async () => {
    await page.getByRole("navigation").getByRole("link", { name: "Accounts" }).click();
    await page.getByRole("heading", { name: "Accounts", level: 1 }).waitFor();
    const { items } = await api("/accounts?limit=50");
    const account = items.find((each) => each.people > 0) ?? items[0];
    await page.getByLabel("Search by name").fill(account.name);
    await page.getByRole("link", { name: account.name, exact: true }).first().click();
    await page.getByRole("heading", { name: account.name, level: 1 }).waitFor();
    await page.getByRole("heading", { name: "Attributes" }).waitFor();
    await noBarriers("account");
    await page.getByRole("tab", { name: "Buying groups" }).click();
    await page.getByRole("tab", { name: "Timeline" }).click();
    await page.getByRole("tab", { name: "People" }).click();
    const { items: theirs } = await api(`/accounts/${account.key}/people?limit=50`);
    const wanted = theirs.at(-1);
    await page.getByLabel("Search by name or email").fill(wanted.key);
    await eventually("only who matches is shown", async () =>
      assert.equal(await page.locator("tbody tr").count(), 1),
    );
    await page.locator("tbody a").first().click();
    await page.getByText(wanted.key, { exact: true }).first().waitFor();
    await page.getByRole("link", { name: account.name, exact: true }).waitFor();
    await page.getByRole("tab", { name: "Timeline" }).click();
    await noBarriers("person");
  });

  await step("people are listed", async () => {
    await page.getByRole("navigation").getByRole("link", { name: "People" }).click();
    await page.locator("tbody a").first().waitFor();
    await noBarriers("people");
  });

  const { mail_catcher: catcher } = await api("/organisation");
  await step(
    catcher ? "caught mail shows without scripts" : "without a catcher there are no messages",
    async () => {
      const messages = page
        .getByRole("navigation", { name: "Main navigation" })
        .getByRole("link", { name: "Messages" });
      if (!catcher) return assert.equal(await messages.count(), 0);
      await messages.click();
      await page
        .getByRole("navigation", { name: "Caught mail" })
        .getByRole("button")
        .first()
        .click();
      await page.getByText("Preview", { exact: true }).waitFor();
      const frame = page.locator("iframe");
      if (await frame.count())
        assert.doesNotMatch(await frame.getAttribute("sandbox"), /allow-scripts|allow-same-origin/);
      await page.getByText("Headers", { exact: true }).click();
      await page.getByRole("cell", { name: "Message-ID", exact: true }).waitFor();
      await noBarriers("messages");
    },
  );

  await step("problems are listed", async () => {
    await page.getByRole("link", { name: /^Problems/ }).click();
    await page.getByRole("heading", { name: "Problems", level: 1 }).waitFor();
    await noBarriers("problems");
  });

  await step("sign out ends the session", async () => {
    await page.getByRole("button", { name: /^Account menu/ }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    assert.equal((await context.request.get(`${server.url}/api/v1/journeys`)).status(), 401);
  });
});
