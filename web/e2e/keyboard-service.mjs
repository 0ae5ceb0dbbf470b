// An external service with the keyboard alone: registered by its document, given the secret that it wants, drawn into a
// journey, and asked once that is published.
import assert from "node:assert/strict";
import { typing } from "./keys.mjs";
import { API_KEY, startService } from "./service.mjs";
import { begin } from "./walk.mjs";

const walking = await begin();
const { server, page, api, write, eventually, noBarriers, step, walk } = walking;
const {
  press,
  button,
  reach,
  enter,
  type,
  pick,
  panel,
  add,
  openTab,
  goTo,
  create,
  switchOn,
  signIn,
} = typing(walking);
const mark = Date.now().toString(36);
const SERVICE = `Keyed service ${mark}`;
const SERVICE_KEY = `keyed-service-${mark}`;
const JOURNEY = `Keyed call ${mark}`;
const KEY = `keyed-call-${mark}`;
const ACCOUNT = `ks-${mark}`;
const double = await startService({ title: `Scores ${mark}`, split: true });
const ids = {};

await walk(async () => {
  await signIn(server);
  await write("PUT", `/accounts/${ACCOUNT}`, { name: `Called ${mark}` });
  const list = { type: "static", state: "live", accounts: [ACCOUNT] };
  await write("PUT", `/account_lists/${ACCOUNT}`, { name: `Called ${mark}`, ...list });

  await step("a service is made, and told what it gets", async () => {
    await goTo("Administration");
    await openTab("External actions", "ArrowDown");
    await create("Create external action", SERVICE, (making) =>
      type(making.getByLabel("URL"), double.document),
    );
    const outgoing = page.getByRole("group", { name: "Outgoing" });
    await type(outgoing.getByLabel("New name"), "company");
    await enter(outgoing.getByRole("button", { name: "Add", exact: true }));
    await pick(outgoing.getByRole("combobox", { name: "company" }), "Name");
    await reach(page.getByRole("switch", { name: "Split" }));
    await press("Space");
    await enter(button("Save"));
    await eventually("it is kept", async () => {
      const { outgoing: kept, split } = await api(`/external_actions/${SERVICE_KEY}`);
      assert.deepEqual([kept, split], [{ company: "name" }, true]);
    });
  });

  await step("it says what secret it wants, gets it, and is registered", async () => {
    const service = page.getByRole("region", { name: "Service" });
    await enter(service.getByRole("button", { name: "Register" }));
    await enter(service.getByRole("button", { name: "Set api_key" }));
    const secret = page.getByRole("dialog");
    await type(secret.getByLabel("New value"), API_KEY);
    await enter(secret.getByRole("button", { name: "Save" }));
    await secret.waitFor({ state: "detached" });
    await enter(service.getByRole("button", { name: "Register" }));
    await page.getByText(`${double.title} is registered: journeys can call it`).waitFor();
    await noBarriers("a service registered by keys");
    const { title } = await api(`/external_actions/${SERVICE_KEY}/registration`);
    assert.equal(title, double.title);
  });

  await step("it is drawn into a journey, and its answer chooses the path", async () => {
    await goTo("Journeys");
    await create("Create journey", JOURNEY);
    await enter(button("Outline"));
    await enter(page.locator("[data-card=audience]"));
    await pick(panel().getByRole("combobox", { name: "Account list" }), `Called ${mark}`);
    ids.route = await add("/entry", "External split");
    await pick(panel().getByRole("combobox", { name: "Service" }), SERVICE);
    await type(panel().getByLabel("Label"), "Gold");
    await pick(panel().getByRole("combobox", { name: "Add a constraint" }), "Tier");
    await type(panel().getByLabel("Value"), "gold");
    await press("Enter");
    await switchOn("A path for timeout or error");
    ids.gold = await add(`/nodes/${ids.route}/paths/0/next`, "Wait");
    ids.failed = await add(`/nodes/${ids.route}/failed/next`, "Wait");
    await noBarriers("an external split in the outline");
    await eventually("the draft holds what was drawn", async () => {
      const { service, paths, failed } = (await api(`/journeys/${KEY}`)).nodes[ids.route];
      assert.equal(service, SERVICE_KEY);
      assert.deepEqual(paths, [{ label: "Gold", when: { tier: { is: "gold" } }, next: ids.gold }]);
      assert.equal(failed.next, ids.failed);
    });
  });

  await step("once published it is asked, and the answer is followed", async () => {
    await enter(button("Publish"));
    const dialog = page.getByRole("dialog");
    await enter(dialog.getByRole("button", { name: "Next" }));
    await dialog.locator("[data-count=would-enter]").waitFor();
    await enter(dialog.getByRole("button", { name: "Publish", exact: true }));
    await eventually("the service is asked", () => assert.equal(double.calls.length, 1));
    await double.answer(double.calls[0], { tier: "gold" });
    await eventually("the account takes the path", async () => {
      const { nodes } = await api(`/journeys/${KEY}/status`);
      assert.deepEqual([nodes[ids.gold].current, nodes[ids.failed].reached], [1, 0]);
    });
  });
});
await double.stop();
