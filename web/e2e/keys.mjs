// Hands on the keyboard alone: no pointer is ever used, and whatever has the focus is in sight.
import assert from "node:assert/strict";

const FARTHEST = 300;

/** Runs in the page: a dialog takes the focus in a timer of its own, and from whoever has gone on before it. */
function atRest() {
  return new Promise((rest) => requestAnimationFrame(() => setTimeout(rest, 20)));
}

/** Runs in the page: whoever looks at the focus sees it. */
function isInSight(element) {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  const at = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  return at !== null && (element.contains(at) || at.contains(element) || !!at.closest("label"));
}

export function typing({ page, eventually }) {
  const press = (key) => page.keyboard.press(key);
  const button = (name) => page.getByRole("button", { name, exact: true }).first();

  /** Tab after tab until the focus stands there, in sight. */
  async function reach(target) {
    await target.waitFor();
    await page.evaluate(atRest);
    for (let n = 0; n < FARTHEST; n += 1) {
      if (await target.evaluate((element) => element === document.activeElement)) {
        await eventually(`${target} is in sight`, async () =>
          assert.ok(await target.evaluate(isInSight)),
        );
        return;
      }
      await press("Tab");
    }
    throw new Error(`no way by keyboard to ${target}`);
  }

  async function enter(target) {
    await reach(target);
    await press("Enter");
  }

  async function type(target, text) {
    await reach(target);
    await press("ControlOrMeta+a");
    await page.keyboard.type(text);
  }

  /** Opens a picker and goes down to the option. */
  async function pick(target, option) {
    await reach(target);
    await press("ArrowDown");
    const wanted = page.getByRole("option", { name: option, exact: true }).first();
    await wanted.waitFor();
    for (let n = 0; n < FARTHEST; n += 1) {
      if (await wanted.evaluate((it) => it.hasAttribute("data-combobox-selected")))
        return press("Enter");
      await press("ArrowDown");
    }
    throw new Error(`no way by keyboard to ${option}`);
  }

  /** Opens a menu and goes down to the item. */
  async function fromMenu(menu, item) {
    await enter(menu);
    const wanted = page.getByRole("menuitem", { name: item, exact: true });
    await wanted.waitFor();
    await page.evaluate(atRest);
    for (let n = 0; n < FARTHEST; n += 1) {
      if (await wanted.evaluate((it) => it === document.activeElement)) return press("Enter");
      await press("ArrowDown");
    }
    throw new Error(`no way by keyboard to ${item}`);
  }

  const chosen = () => new URL(page.url()).searchParams.get("node");
  const panel = () => page.getByRole("complementary");

  /** The plus of a path, then what is typed in its menu; the name of the node that was made. */
  async function add(outlet, typed) {
    const before = chosen();
    await enter(page.locator(`[data-outlet="${outlet}"]`));
    await fillMenu(typed);
    return eventually(`${typed} is there`, async () => {
      const id = chosen();
      assert.ok(id && id !== before);
      return id;
    });
  }

  async function fillMenu(typed) {
    await page.getByLabel("Type to find a node, an action or an event").waitFor();
    await page.keyboard.type(typed);
    await page.getByRole("option").first().waitFor();
    await press("Enter");
  }

  async function switchOn(name) {
    await reach(panel().getByRole("switch", { name }));
    await press("Space");
  }

  /** Along the tabs with the arrows; tabs that stand below each other go down. */
  async function openTab(name, arrow = "ArrowRight") {
    await reach(page.getByRole("tab", { selected: true }).first());
    const tab = page.getByRole("tab", { name });
    for (let n = 0; n < FARTHEST; n += 1) {
      if ((await tab.getAttribute("aria-selected")) === "true") return;
      await press(arrow);
    }
    throw new Error(`no way by keyboard to ${name}`);
  }

  /** By the navigation to a page of the app. */
  async function goTo(name) {
    await enter(page.getByRole("navigation").getByRole("link", { name }).first());
    await page.getByRole("heading", { name, level: 1 }).waitFor();
  }

  /** The button that makes a new one, its name, and whatever else the dialog asks for. */
  async function create(what, name, fill = async () => {}) {
    await enter(button(what));
    const dialog = page.getByRole("dialog");
    await type(dialog.getByLabel("Name", { exact: false }).first(), name);
    await fill(dialog);
    await enter(dialog.getByRole("button", { name: "Create", exact: true }));
    await page.getByRole("heading", { name, level: 1 }).waitFor();
  }

  async function signIn({ url, email, password }) {
    await page.goto(`${url}/`);
    await type(page.getByLabel("Email"), email);
    await type(page.getByLabel("Password", { exact: true }), password);
    await press("Enter");
    await page.getByRole("navigation", { name: "Main navigation" }).waitFor();
  }

  return {
    press,
    button,
    reach,
    enter,
    type,
    pick,
    fromMenu,
    chosen,
    panel,
    add,
    fillMenu,
    switchOn,
    openTab,
    goTo,
    create,
    signIn,
  };
}
