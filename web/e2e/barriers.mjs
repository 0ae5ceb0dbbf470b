// No page keeps anybody out: axe looks at every route of the app, at every tab and every kind of definition, in the
// light look and in the dark, on a large screen and on a small one, on which nothing is cut off either.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { signIn } from "./browser.mjs";
import { begin } from "./walk.mjs";

const { server, page, api, barriersOf, tooWide, step, walk } = await begin();

/** Nothing is looked at while it fades. */
const STILL = "*, *::before, *::after { transition: none !important; animation: none !important; }";

const found = [];
const looked = new Set();

const LARGE = { width: 1440, height: 900 };
const SMALL = { width: 1024, height: 768 };
/** What changes with the look and with the room. */
const CHANGING = ["color-contrast", "scrollable-region-focusable"];

async function look(where) {
  await page.addStyleTag({ content: STILL });
  for (const barrier of await barriersOf()) found.push(`${where}, light: ${barrier}`);
  await cutOff(where, "large");
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize(SMALL);
  await page.evaluate(laidOut);
  for (const barrier of await barriersOf(CHANGING))
    found.push(`${where}, dark and small: ${barrier}`);
  await cutOff(where, "small");
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(LARGE);
  await page.evaluate(laidOut);
}

/** No page goes on at the side, and whatever is pressed shows all of its words. */
async function cutOff(where, size) {
  const wide = await tooWide();
  if (wide > 0) found.push(`${where}, ${size}: the page is ${wide} pixels too wide`);
  for (const words of await page.evaluate(wordsCutOff))
    found.push(`${where}, ${size}: “${words}” is cut off`);
}

/** Runs in the page: whatever watches its own size has drawn itself anew. */
function laidOut() {
  return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}

/** Runs in the page. Cards of a map and caught mail stand in little room, and open to tell all of it. */
function wordsCutOff() {
  const pressed = document.querySelectorAll(
    "button, [role=tab], a.mantine-Button-root, [role=radiogroup] label",
  );
  const hides = (part) => part.clientWidth > 1 && getComputedStyle(part).overflowX !== "visible";
  const isCut = (part) => hides(part) && part.scrollWidth > part.clientWidth + 1;
  return [...pressed]
    .filter((each) => !each.closest(".react-flow__node, main nav"))
    .filter((each) => [each, ...each.querySelectorAll("*")].some(isCut))
    .map((each) => each.innerText.trim() || each.ariaLabel);
}

/** The page has come to rest: its parts are loaded, and nothing stands in for what is still asked for. */
async function atRest() {
  await page.getByRole("heading").first().waitFor();
  await page.waitForFunction(() => !document.querySelector(".mantine-Skeleton-root"));
}

/** Looks at an address and, one after another, at what its tabs show. */
async function visit(route, address) {
  looked.add(route);
  await page.goto(server.url + address);
  await atRest();
  await look(address);
  const tabs = page.locator("main [role=tab]");
  for (let n = 1; n < (await tabs.count()); n += 1) {
    const name = await tabs.nth(n).textContent();
    await tabs.nth(n).click();
    await atRest();
    await look(`${address} · ${name}`);
  }
}

/** The routes that stand in the app's own table. */
async function routes() {
  const table = await readFile(new URL("../src/router.tsx", import.meta.url), "utf8");
  const ofJourney = /getParentRoute: \(\) => journey,\s+path: "([^"]+)"/g;
  const inJourney = [...table.matchAll(ofJourney)].map(([, path]) => path);
  const all = [...table.matchAll(/path: "([^"]+)"/g)].map(([, path]) => path);
  const own = all.filter((path) => !inJourney.includes(path) || path === "/");
  return [
    ...own,
    ...inJourney.filter((path) => path !== "/").map((path) => `/journeys/$key${path}`),
  ];
}

const first = async (path) => (await api(path)).items[0];

/** The first journey that somebody travels through, with one of the trips. */
async function travelled(journeys) {
  for (const { key } of journeys) {
    const trip = await first(`/journeys/${key}/travellers?limit=1`);
    if (trip) return { key, trip };
  }
  throw new Error("nobody travels");
}

await walk(async () => {
  await page.goto(`${server.url}/sign-in`);
  await atRest();
  await look("/sign-in");
  looked.add("/sign-in");
  await signIn(page, server);

  await step("journeys: lists, maps, trips, versions, simulations", async () => {
    const { items } = await api("/journeys?limit=50");
    const { key, trip } = await travelled(items.filter((each) => each.state === "live"));
    await visit("/", "/");
    await visit("/journeys", "/journeys");
    const nodes = Object.keys((await api(`/journeys/${key}/status`)).nodes);
    looked.add("/journeys/$key");
    for (const address of [
      `/journeys/${key}`,
      `/journeys/${key}?node=${nodes.at(-1)}`,
      `/journeys/${key}?edit=true`,
      `/journeys/${key}?edit=true&node=${nodes.at(-1)}`,
    ]) {
      await page.goto(server.url + address);
      await atRest();
      await page.locator(".react-flow__node").first().waitFor();
      await look(address);
    }
    await page.getByRole("button", { name: "Outline" }).click();
    await page.getByRole("heading", { name: "Outline of the journey" }).waitFor();
    await look(`/journeys/${key}?edit=true, as an outline`);
    for (const tab of ["overview", "travellers", "simulate", "problems", "history"]) {
      looked.add(`/journeys/$key/${tab}`);
      await page.goto(`${server.url}/journeys/${key}/${tab}`);
      await atRest();
      await look(`/journeys/${key}/${tab}`);
    }
    await visit("/journeys/$key/travellers/$id", `/journeys/${key}/travellers/${trip.id}`);
  });

  await step("accounts, people and buying groups", async () => {
    await visit("/accounts", "/accounts");
    await visit("/accounts/$key", "/accounts/nobody");
    await visit("/accounts/$key", `/accounts/${(await first("/accounts?limit=1")).key}`);
    await visit("/people", "/people");
    await visit("/people/$key", `/people/${(await first("/people?limit=1")).key}`);
    await visit("/crm/$kind/$id", "/crm/account/nobody");
    await visit("/groups", "/groups");
    await visit("/groups/$id", `/groups/${(await first("/buying_groups?limit=1")).id}`);
  });

  await step(
    "lists, content, dashboards, imports, administration, messages, problems",
    async () => {
      for (const route of [
        "welcome",
        "lists",
        "content",
        "dashboards",
        "import",
        "exports",
        "admin",
        "messages",
        "problems",
      ])
        await visit(`/${route}`, `/${route}`);
      await visit("/consent", "/consent?error=access_denied");
      await visit("$", "/nowhere");
    },
  );

  await step("a definition of every kind", async () => {
    looked.add("/definitions/$plural/$key");
    const { items: kinds } = await api("/kinds");
    for (const { kind, plural } of kinds.filter((each) => each.kind !== "journey")) {
      const row = await first(`/${plural}?limit=1`);
      if (!row) continue;
      await page.goto(`${server.url}/definitions/${plural}/${row.key}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await atRest();
      await look(`/definitions/${plural}/${row.key} (${kind})`);
    }
  });

  await step("no route was left out", async () => {
    const left = (await routes()).filter((route) => !looked.has(route));
    assert.deepEqual(left, [], "look at these routes too");
  });

  assert.equal(found.length, 0, found.join("\n"));
});
