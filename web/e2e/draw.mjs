// How hands draw a journey: the plus on a path, what is typed, and the panel at the right.
import assert from "node:assert/strict";

/** Runs in the page: the map glides no more. */
const mapAtRest = () =>
  new Promise((rest) => {
    const viewport = document.querySelector(".react-flow__viewport");
    let [last, quiet] = ["", 0];
    const look = () => {
      quiet = viewport.style.transform === last ? quiet + 1 : 0;
      last = viewport.style.transform;
      if (quiet > 20) rest();
      else requestAnimationFrame(look);
    };
    look();
  });

export function drawing({ server, page, eventually, noBarriers }) {
  const panel = () => page.getByRole("complementary");
  const chosen = () => new URL(page.url()).searchParams.get("node");

  /** A file through the import wizard, whose columns map themselves. */
  async function importFile(kind, name, text, created) {
    await page.goto(`${server.url}/import?kind=${kind}`);
    await page.locator("input[type=file]").setInputFiles({
      name,
      mimeType: "text/csv",
      buffer: Buffer.from(text),
    });
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByRole("button", { name: "Show what would happen" }).click();
    await page.getByText("Nothing has been kept yet").waitFor();
    assert.equal(await page.locator("[data-figure=created]").textContent(), String(created));
    assert.equal(await page.locator("[data-figure=rejected]").textContent(), "0");
    await noBarriers("the import's preview");
    await page.getByRole("button", { name: "Import", exact: true }).click();
    await page.getByText("The file is in.").waitFor();
  }

  /** The plus at `outlet`, then what is typed; returns the name of the node that was made. */
  async function add(outlet, typed) {
    const before = chosen();
    await openMenu(outlet);
    await fillMenu(typed);
    return eventually(`${typed} is on the map`, async () => {
      const id = chosen();
      assert.ok(id && id !== before);
      return id;
    });
  }

  /** With the mouse: the whole map in sight, then the plus. */
  async function openMenu(outlet) {
    await page.getByRole("button", { name: "Fit the whole map" }).click();
    await page.evaluate(mapAtRest);
    await page.locator(`[data-outlet="${outlet}"]`).click();
    await page.getByLabel("Type to find a node, an action or an event").waitFor();
  }

  async function fillMenu(typed) {
    await page.getByLabel("Type to find a node, an action or an event").fill(typed);
    await page.getByRole("option").first().waitFor();
    await page.keyboard.press("Enter");
  }

  /** An option of a picker in the panel. */
  async function choose(label, option) {
    await panel().getByRole("combobox", { name: label }).click();
    await page.getByRole("option", { name: option, exact: true }).click();
  }

  /** Opens the builder of the first condition in the panel and asks for one attribute. */
  async function ask(attribute, operator, value) {
    await panel()
      .getByRole("button", { name: /^Edit the condition|^Condition/ })
      .first()
      .click();
    const builder = page.getByRole("dialog");
    await builder.getByLabel("Search attributes and filters").fill(attribute);
    await builder.getByRole("button", { name: attribute, exact: true }).first().click();
    await builder.getByRole("combobox", { name: "Operator" }).last().click();
    await page.getByRole("option", { name: operator, exact: true }).click();
    await builder.getByLabel("Value").last().fill(value);
    await page.keyboard.press("Enter");
    return builder;
  }

  const saved = () =>
    page
      .getByRole("status")
      .filter({ hasText: /^Saved/ })
      .first()
      .waitFor();

  return { panel, chosen, importFile, add, openMenu, fillMenu, choose, ask, saved };
}
