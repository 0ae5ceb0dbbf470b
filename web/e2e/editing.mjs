// A journey is changed: a condition is put together by dragging, problems lead to their nodes, nodes and branches are
// copied, and every kind of change is saved by itself with its revision, undone and redone.
import assert from "node:assert/strict";
import { signIn } from "./browser.mjs";
import { drawing } from "./draw.mjs";
import { begin } from "./walk.mjs";

const walking = await begin();
const { server, page, api, write, eventually, noBarriers, step, walk } = walking;
const { panel, add, openMenu, saved } = drawing(walking);
const key = `edited-${Date.now().toString(36)}`;
const manifest = {
  name: "Edited",
  subject: "account",
  entry: "pause",
  nodes: {
    pause: { type: "wait", duration: "1d", next: "fork" },
    fork: {
      type: "split",
      by: "account",
      paths: [{ label: "Large", when: { account: "employees", at_least: 100 }, next: "late" }],
      other: { next: null },
    },
    late: { type: "wait", duration: "2d", next: null },
  },
};
const saves = [];
page.on("response", (response) => {
  const request = response.request();
  if (request.method() === "PUT" && request.url().includes(`/journeys/${key}`))
    saves.push({ based: request.headers()["if-match"], status: response.status() });
});

const stored = () => api(`/journeys/${key}`);
const nodes = async () => Object.keys((await stored()).nodes);
const cardButton = (id) => page.locator(`[data-card="${id}"] button[aria-pressed]`).first();
const tool = (name) => page.getByRole("button", { name, exact: true });

async function open(node) {
  await page.goto(`${server.url}/journeys/${key}${node ? `?node=${node}` : ""}`);
  await page.locator(".react-flow__node").first().waitFor();
}

/** What is drawn is what is kept. */
async function keptAs(check) {
  await eventually("it is saved", async () => check(await stored()));
  await saved();
}

async function fromMenu(node, item) {
  await cardButton(node).click();
  await panel().getByRole("button", { name: "More for this node" }).click();
  await page.getByRole("menuitem", { name: item, exact: true }).click();
}

const pasteAt = async (outlet) => {
  await openMenu(outlet);
  await page.getByRole("option", { name: /^Paste here/ }).click();
};

await walk(async () => {
  await signIn(page, server);
  await write("PUT", `/journeys/${key}?incomplete=true`, manifest);

  await step(
    "a condition is dragged together, and who matches is counted as it grows",
    async () => {
      await open("fork");
      await panel()
        .getByRole("button", { name: /^Edit the condition/ })
        .click();
      const builder = page.getByRole("dialog");
      const matches = builder.locator("[data-count=matches]");
      const countIs = (when) =>
        eventually("the count is the API's", async () => {
          const told = await write("POST", "/conditions/preview", { subject: "account", when });
          const { count } = await told.json();
          assert.equal(Number((await matches.textContent()).replaceAll(/\D/g, "")), count);
          return count;
        });
      const large = { account: "employees", at_least: 100 };
      await countIs({ all: [large] });

      await builder.getByRole("button", { name: "Add a group" }).first().click();
      const search = builder.getByLabel("Search attributes and filters");
      const inner = builder.getByRole("group", { name: "One of these must hold" });
      const drag = async (attribute, group) => {
        await search.fill(attribute);
        const leaf = builder.getByRole("button", { name: attribute, exact: true }).first();
        const before = await builder.getByLabel("Value").count();
        await leaf.dragTo(group, { targetPosition: { x: 40, y: 14 } });
        await builder.getByLabel("Value").nth(before).waitFor();
      };
      const value = async (text) => {
        const field = builder.getByLabel("Value").last();
        await field.fill(text);
        await field.press("Enter");
      };
      await drag("Country", inner);
      await value("DE");
      await drag("Industry", inner);
      await value("Software");
      await noBarriers("groups in groups");
      const either = (parts) => ({ any: parts });
      const parts = [
        { account: "country", is: "DE" },
        { account: "industry", is: "Software" },
      ];
      const fewer = await countIs({ all: [large, either(parts)] });
      await builder.getByText("Apply any").first().click();
      const more = await countIs({ any: [large, either(parts)] });
      assert.ok(more >= fewer, `${more} ≥ ${fewer}`);
      await builder.getByText("Apply all").first().click();
      await builder.getByRole("button", { name: "Done" }).click();
      await keptAs(({ nodes: { fork } }) =>
        assert.deepEqual(fork.paths[0].when, { all: [large, either(parts)] }),
      );
    },
  );

  await step("a problem leads to its node", async () => {
    const mail = await add("/nodes/late/next", "Send email");
    await saved();
    await panel().getByRole("button", { name: "Close the panel" }).click();
    await page.getByRole("button", { name: /^\d+ problems?$/ }).click();
    const problem = panel().getByRole("listitem").filter({ hasText: "Send email" }).first();
    await problem.getByRole("button").click();
    await panel().getByRole("heading", { name: "Send email" }).waitFor();
    assert.equal(new URL(page.url()).searchParams.get("node"), mail);
    // Where the email comes from is chosen first: nothing of Marketo is asked for an email of one's own.
    await panel().getByRole("combobox", { name: "Email", exact: false }).first().waitFor();
    assert.equal(await panel().getByRole("combobox", { name: "Workspace" }).count(), 0);
    await panel().getByText("Marketo", { exact: true }).click();
    await panel().getByRole("combobox", { name: "Connection" }).waitFor();
    assert.equal(await panel().getByRole("combobox", { name: "Email", exact: true }).count(), 0);
    await panel().getByRole("button", { name: "Delete", exact: true }).click();
    await keptAs(({ nodes: now }) => assert.ok(!now[mail]));
  });

  await step("a node is copied, and a branch with everything after it", async () => {
    await fromMenu("late", "Copy");
    await pasteAt("/nodes/late/next");
    await keptAs(({ nodes: now }) => {
      const copy = now[now.late.next];
      assert.deepEqual(copy, { ...manifest.nodes.late, next: null });
    });
    const before = await nodes();
    await fromMenu("fork", "Copy with everything after it");
    await pasteAt("/nodes/fork/other/next");
    await keptAs(({ nodes: now }) => {
      // The split, the wait and the wait that was pasted behind it.
      assert.equal(Object.keys(now).length, before.length + 3);
      const copy = now[now.fork.other.next];
      assert.deepEqual(copy.paths[0].when, now.fork.paths[0].when);
      assert.equal(now[copy.paths[0].next].duration, "2d");
    });
  });

  await step("what cannot be deleted says why before anybody tries, and when they do", async () => {
    const whole = await stored();
    await write("PUT", `/journeys/${key}?incomplete=true`, {
      ...whole,
      nodes: {
        ...whole.nodes,
        fork: { ...whole.nodes.fork, other: { next: "rest" } },
        rest: { type: "wait", duration: "1d", next: null },
      },
    });
    await open("fork");
    const bin = panel().getByRole("button", { name: "Delete", exact: true });
    const why = /Several of its paths lead on/;
    assert.match(await bin.getAttribute("aria-description"), why);
    await bin.hover();
    await page.getByRole("tooltip").getByText(why).waitFor();
    await noBarriers("a node that cannot be deleted");
    await bin.click();
    await page.getByRole("alert").getByText(why).waitFor();
    assert.ok((await nodes()).includes("fork"));
    await panel().getByRole("button", { name: "More for this node" }).click();
    await page.getByRole("menuitem", { name: /\(\d+ nodes\)$/ }).waitFor();
    await page.keyboard.press("Escape");
    await write("PUT", `/journeys/${key}?incomplete=true`, whole);
    await open();
  });

  await step("every kind of change is undone, and redone", async () => {
    await page.reload();
    await cardButton("pause").waitFor();
    const start = await stored();
    const changes = [
      async () => {
        await cardButton("pause").click();
        await panel().getByLabel("How long", { exact: false }).first().fill("4");
      },
      () => add("/nodes/pause/next", "Merge"),
      async () => {
        await cardButton("fork").click();
        await panel().getByRole("textbox", { name: "Label" }).first().fill("Very large");
      },
      () => panel().getByRole("button", { name: "Add path" }).click(),
      () => panel().getByRole("button", { name: "Move the path down" }).first().click(),
      () => add("/entry", "Split paths"),
      () => panel().getByText("People", { exact: true }).click(),
      () => fromMenu("late", /^Delete with everything after it/),
      () => pasteAt("/entry"),
      async () => {
        await page.getByRole("button", { name: "Journey settings" }).click();
        await panel().getByLabel("Name", { exact: false }).first().fill("Edited again");
      },
    ];
    let last;
    for (const [n, change] of changes.entries()) {
      await change();
      await eventually(`change ${n + 1} is one`, async () => {
        const now = await stored();
        assert.notDeepEqual(now, last ?? start);
        last = now;
      });
    }
    await saved();
    for (const _ of changes) await tool("Undo").click();
    assert.ok(await tool("Undo").isDisabled(), "as many steps as changes");
    await keptAs((now) => assert.deepEqual(now, start));
    for (const _ of changes) await tool("Redo").click();
    assert.ok(await tool("Redo").isDisabled());
    await keptAs((now) => assert.deepEqual(now, last));
  });

  await step("every save named the revision that it was based on", async () => {
    assert.ok(saves.length > 0);
    assert.ok(
      saves.every(({ based, status }) => /^"\d+"$/.test(based) && status === 200),
      JSON.stringify(saves),
    );
  });
});
