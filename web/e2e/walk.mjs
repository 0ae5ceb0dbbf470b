// What every browser walk needs: a page, the API beside it, patience, and axe.
import assert from "node:assert/strict";
import { AxeBuilder } from "@axe-core/playwright";
import { launch, target } from "./browser.mjs";

const PATIENCE_MS = 40_000;

export async function begin({ viewport = { width: 1440, height: 900 } } = {}) {
  const server = target();
  const browser = await launch();
  // What is still fading in would be judged by colours that nobody reads.
  const context = await browser.newContext({ viewport, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));

  async function api(path) {
    const answer = await context.request.get(`${server.url}/api/v1${path}`);
    assert.equal(answer.status(), 200, `GET ${path}`);
    return answer.json();
  }

  /** Writes over the API as the app does: signed in, with its token against forged requests. */
  async function write(method, path, data) {
    const { csrf } = await api("/session");
    const answer = await context.request.fetch(`${server.url}/api/v1${path}`, {
      method,
      data,
      headers: { "X-CSRF-Token": csrf },
    });
    assert.ok(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`);
    return answer;
  }

  /** Repeats a check until it holds: what lives moves between the API's answer and the screen's. */
  async function eventually(what, check) {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await check();
      } catch (error) {
        if (Date.now() > until) throw new Error(`${what}: ${error.message}`, { cause: error });
        await page.waitForTimeout(200);
      }
    }
  }

  /** What axe finds serious, by all of its rules or only by these. */
  async function barriersOf(rules) {
    const axe = new AxeBuilder({ page }).exclude("iframe");
    const { violations } = await (rules ? axe.withRules(rules) : axe).analyze();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(
        ({ id, help, nodes }) =>
          `${id}: ${help}\n    ${nodes.map((node) => node.html.slice(0, 160)).join("\n    ")}`,
      );
  }

  /** By how many pixels the page goes on at the side, where nobody looks. */
  const tooWide = () =>
    page.evaluate(() => Math.max(0, document.scrollingElement.scrollWidth - innerWidth));

  /** Once nothing is under way: what cannot be pressed for a moment is drawn faintly. */
  async function noBarriers(where) {
    await page.waitForFunction(() => document.querySelector("[data-loading]") === null);
    assert.deepEqual(await barriersOf(), [], `barriers on ${where}`);
    assert.equal(await tooWide(), 0, `${where}: the page goes on at the side`);
  }

  async function step(name, walk) {
    const start = performance.now();
    await walk();
    console.log(`ok  ${name} (${Math.round(performance.now() - start)} ms)`);
  }

  /** The dialog that is open, or else the page, in words. */
  async function whatIsShown() {
    const shown = page.locator("[role=dialog], main").last();
    const words = await shown.ariaSnapshot({ timeout: 5_000 }).catch(String);
    return words.slice(0, 4_000);
  }

  /** Walks, and tells where it failed; the page must not have thrown anything. */
  async function walk(steps) {
    try {
      await steps();
      assert.deepEqual(faults, [], "errors in the page");
    } catch (error) {
      // A browser that is gone must not hide why.
      const picture = { path: `${process.env.SHOTS}/failed.png` };
      if (process.env.SHOTS) await page.screenshot(picture).catch(() => undefined);
      console.error(await whatIsShown());
      console.error(`FAILED at ${page.url()}\n${error.stack}`);
      process.exitCode = 1;
    } finally {
      await browser.close();
    }
  }

  return {
    server,
    context,
    page,
    api,
    write,
    eventually,
    barriersOf,
    noBarriers,
    tooWide,
    step,
    walk,
  };
}
