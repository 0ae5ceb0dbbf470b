// What every browser walk needs: a page, the API beside it, patience, and axe.
import assert from "node:assert/strict";
import { AxeBuilder } from "@axe-core/playwright";
import { launch, target } from "./browser.mjs";

const PATIENCE_MS = 20_000;

export async function begin({ viewport = { width: 1440, height: 900 } } = {}) {
  const server = target();
  const browser = await launch();
  const context = await browser.newContext({ viewport });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));

  async function api(path) {
    const answer = await context.request.get(`${server.url}/api/v1${path}`);
    assert.equal(answer.status(), 200, `GET ${path}`);
    return answer.json();
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

  async function noBarriers(where) {
    const { violations } = await new AxeBuilder({ page }).exclude("iframe").analyze();
    const serious = violations.filter(
      ({ impact }) => impact === "serious" || impact === "critical",
    );
    const told = serious.map(
      ({ id, help, nodes }) =>
        `${id}: ${help}\n    ${nodes.map((node) => node.html.slice(0, 160)).join("\n    ")}`,
    );
    assert.deepEqual(told, [], `barriers on ${where}`);
  }

  async function step(name, walk) {
    const start = performance.now();
    await walk();
    console.log(`ok  ${name} (${Math.round(performance.now() - start)} ms)`);
  }

  /** Walks, and tells where it failed; the page must not have thrown anything. */
  async function walk(steps) {
    try {
      await steps();
      assert.deepEqual(faults, [], "errors in the page");
    } catch (error) {
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/failed.png` });
      console.error(`FAILED at ${page.url()}\n${error.stack}`);
      process.exitCode = 1;
    } finally {
      await browser.close();
    }
  }

  return { server, context, page, api, eventually, noBarriers, step, walk };
}
