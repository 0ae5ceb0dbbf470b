// Pictures of every screen for a person to look at: two sizes, light and dark.
// SHOTS names the folder; a running server as for first-floor.mjs.
import { mkdirSync } from "node:fs";
import { launch, signIn, target } from "./browser.mjs";

const out = process.env.SHOTS ?? "e2e/shots";
const only = process.env.ONLY?.split(",");
mkdirSync(out, { recursive: true });
const server = target();
const browser = await launch();
const tabs = (page, ids) => ids.map((id) => [`${page}-${id}`, `/${page}?tab=${id}`]);
const PAGES = [
  ["accounts", "/accounts"],
  ["people", "/people"],
  ["groups-browse", "/groups"],
  ...tabs("groups", ["solution-interest", "roles-template", "stage-model", "role"]),
  ...tabs("lists", ["account-list", "people-list", "audience", "external-audience"]),
  ...tabs("content", ["email", "sms-message", "email-template", "fragment"]),
  ["import", "/import?kind=people"],
  ["import-schedule", "/import?tab=schedule"],
  ...tabs("admin", ["users", "roles", "tokens", "audit", "jobs", "storage"]),
  ...tabs("admin", ["delivery", "fields", "connection", "sending-domain", "suppressions"]),
  ...tabs("dashboards", ["journeys", "journey", "messages", "groups", "roles", "engagement"]),
  ["welcome", "/welcome"],
];
const SIZES = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
];

for (const viewport of SIZES) {
  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.newPage({ viewport, colorScheme });
    page.on("pageerror", (error) => console.error("page error:", error.message));
    page.on("console", (line) => line.type() === "error" && console.error("console:", line.text()));
    const shoot = async (name, settle = 500) => {
      if (only && !only.includes(name)) return;
      await page.waitForTimeout(settle);
      await page.screenshot({ path: `${out}/${name}-${viewport.width}-${colorScheme}.png` });
    };
    await page.goto(server.url);
    await page.getByLabel("Email").waitFor();
    await shoot("sign-in");
    await signIn(page, server);
    await shoot("journeys");
    const live = page.getByRole("row").filter({ hasText: "Live" }).first().getByRole("link");
    const journey = await live.getAttribute("href");
    await page.goto(server.url + journey);
    await page.getByText("entered", { exact: false }).first().waitFor();
    await shoot("map", 900);
    await page.getByRole("button", { name: /wait/i }).first().click();
    await shoot("panel");
    const trip = await page
      .locator("aside a")
      .first()
      .getAttribute("href")
      .catch(() => null);
    const box = page.locator("button[aria-expanded=false]").filter({ hasText: "Open the paths" });
    await page.getByRole("button", { name: "Close the panel" }).click();
    if (await box.count()) await box.first().evaluate((button) => button.click());
    await page.getByRole("button", { name: "Fit the whole map" }).click();
    await shoot("box", 900);
    await page.getByRole("button", { name: "Draw top to bottom" }).click();
    await page.getByRole("button", { name: "Fit the whole map" }).click();
    await shoot("vertical", 900);
    await page.getByRole("button", { name: "Draw left to right" }).click();
    for (const tab of ["overview", "travellers", "simulate", "problems", "history"]) {
      await page.goto(`${server.url}${journey}/${tab}`);
      await shoot(`journey-${tab}`, 900);
    }
    await page.goto(`${server.url}${journey}?edit=true`);
    await page.getByRole("button", { name: "Fit the whole map" }).waitFor();
    await shoot("editor", 1200);
    if (trip) {
      await page.goto(server.url + trip);
      await shoot("trip");
    }
    for (const [name, path] of PAGES) {
      await page.goto(server.url + path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await shoot(name, 700);
      if (!path.includes("?tab=") && !["/accounts", "/people", "/groups"].includes(path)) continue;
      const first = page.locator("tbody a").first();
      if (!(await first.isVisible())) continue;
      await first.click();
      await page.getByRole("heading", { level: 1 }).waitFor();
      await shoot(`${name}-detail`, 1200);
    }
    await page.goto(`${server.url}/accounts`);
    await page.locator("tbody a").first().click();
    await page.getByRole("tab", { name: "Buying groups" }).click();
    await shoot("groups");
    await page.getByRole("tab", { name: "Records" }).click();
    await shoot("records");
    await page.getByRole("tab", { name: "Timeline" }).click();
    await shoot("timeline");
    await page.goto(`${server.url}/groups`);
    await page.locator("tbody a").first().click();
    await page.getByRole("tab", { name: "Scores" }).click();
    await shoot("group-scores", 1200);
    await page.goto(`${server.url}/messages`);
    await page.locator("nav[aria-label='Caught mail'] button").first().click();
    await shoot("messages", 800);
    await page.goto(`${server.url}/problems`);
    await shoot("problems");
    await page.close();
  }
}
await browser.close();
