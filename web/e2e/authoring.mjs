// The way a marketer goes: import → a list → buying groups → a journey with every kind of node, drawn → simulate →
// publish → the mail arrives → its link is clicked → the branch is taken, and every count on the map is the API's.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signIn } from "./browser.mjs";
import { drawing } from "./draw.mjs";
import { clickIn, writeMail } from "./mails.mjs";
import { API_KEY, startService } from "./service.mjs";
import { begin } from "./walk.mjs";

const walking = await begin();
const { server, page, api, write, eventually, noBarriers, step, walk } = walking;
const { panel, importFile, add, openMenu, choose, ask, saved } = drawing(walking);
const mark = Date.now().toString(36);
const MAIL = `Walk mail ${mark}`;
const LIST = `Walkers ${mark}`;
const ROLES = `Walk roles ${mark}`;
const INTEREST = `Walk interest ${mark}`;
const ENRICH = `Enriching ${mark}`;
const JOURNEY = `Walk ${mark}`;
const KEY = `walk-${mark}`;
const ACCOUNTS = [`w1-${mark}`, `w2-${mark}`];
const PEOPLE = ACCOUNTS.map((account) => `person-of-${account}`);
const csv = (header, rows) => [header, ...rows].map((row) => row.join(",")).join("\n");
const ids = {};

const secrets = await mkdtemp(join(tmpdir(), "caravan-walk-"));
const enrich = await startService({ title: `Enrich ${mark}`, split: false });
const tier = await startService({ title: `Tier ${mark}`, split: true });

/** A service that whoever runs it describes and registers from outside. */
async function registered(key, service, split) {
  const file = join(secrets, `${key}.key`);
  await writeFile(file, API_KEY);
  await write("PUT", `/external_actions/${key}`, {
    name: `${key} ${mark}`,
    url: service.document,
    on: "account",
    ...(split ? { split } : {}),
    timeout: "30m",
    outgoing: { company: "name" },
    secrets: { api_key: { file } },
  });
  await write("POST", `/external_actions/${key}/registration`, {});
}

const createdIn = async (button, name) => {
  await page.getByRole("button", { name: button }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: false }).first().fill(name);
  return dialog;
};
const create = (dialog) => dialog.getByRole("button", { name: "Create", exact: true }).click();
const card = (id) => page.locator(`.react-flow__node[data-id="${id}"]`);
const cardButton = (id) => card(id).locator("button[aria-pressed]").first();
const drawnNodes = () =>
  page
    .locator('.react-flow__node:not([data-id*=":"])')
    .evaluateAll((nodes) => nodes.map((node) => node.dataset.id));
/** A count that a card shows. */
const shown = async (id, count) => {
  const text = await card(id).locator(`[data-count=${count}]`).first().textContent();
  return Number(text.replaceAll(/\D/g, ""));
};
const status = () => api(`/journeys/${KEY}/status`);

await walk(async () => {
  await signIn(page, server);

  await step("accounts and people are imported with mapped columns", async () => {
    const accounts = ACCOUNTS.map((key, n) => [key, `Walk ${mark} ${n + 1}`, 500 + n, "x"]);
    await importFile(
      "accounts",
      "accounts.csv",
      csv(["Account ID", "Company", "Headcount", "Notes"], accounts),
      ACCOUNTS.length,
    );
    const people = PEOPLE.map((key, n) => [key, `${key}@walk.example`, "Ada", ACCOUNTS[n]]);
    await importFile(
      "people",
      "people.csv",
      csv(["Id", "Email Address", "First Name", "Account Key"], people),
      PEOPLE.length,
    );
    const account = await api(`/accounts/${ACCOUNTS[0]}`);
    assert.equal(account.employees, 500, "Headcount became employees");
    assert.equal(account.people, 1);
  });

  await step("a static list is made and filled by hand", async () => {
    await page.goto(`${server.url}/lists`);
    await create(await createdIn("Create account list", LIST));
    await page.getByRole("heading", { name: LIST, level: 1 }).waitFor();
    const accounts = page.getByPlaceholder("Type and press Enter");
    for (const key of ACCOUNTS) {
      await accounts.fill(key);
      await accounts.press("Enter");
    }
    await page.getByRole("button", { name: "Publish changes" }).click();
    await page.getByText("Published: journeys use it").waitFor();
    await noBarriers("a list");
    const { lists } = await api(`/accounts/${ACCOUNTS[1]}`);
    assert.ok(lists.includes(LIST.toLowerCase().replace(" ", "-")), `${lists}`);
  });

  await step("buying groups come of roles and a solution interest", async () => {
    await page.goto(`${server.url}/groups?tab=roles-template`);
    await create(await createdIn("Create roles template", ROLES));
    await page.getByRole("heading", { name: ROLES, level: 1 }).waitFor();
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    await page.getByText("only how many members each role needs may change").waitFor();
    await page.goto(`${server.url}/groups?tab=solution-interest`);
    const dialog = await createdIn("Create solution interest", INTEREST);
    await dialog.getByRole("combobox", { name: "Roles template" }).click();
    await page.getByRole("option", { name: ROLES, exact: true }).click();
    await create(dialog);
    await page.getByRole("heading", { name: INTEREST, level: 1 }).waitFor();
    await page.getByRole("combobox", { name: "Account list" }).click();
    await page.getByRole("option", { name: LIST, exact: true }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved", { exact: true }).waitFor();
    await eventually("each account has its group", async () => {
      for (const account of ACCOUNTS) {
        const { items } = await api(`/accounts/${account}/buying_groups`);
        assert.ok(
          items.some(({ name }) => name === INTEREST),
          JSON.stringify(items),
        );
      }
    });
    await page.goto(`${server.url}/groups`);
    await page.getByLabel("Search by name").fill(mark);
    await eventually("both groups are listed", async () =>
      assert.equal(
        await page.locator("tbody tr").filter({ hasText: INTEREST }).count(),
        ACCOUNTS.length,
      ),
    );
    await noBarriers("buying groups");
  });

  await step(
    "a service is registered by its document, which says what secret it wants",
    async () => {
      await page.goto(`${server.url}/admin?tab=external-action`);
      const making = await createdIn("Create external action", ENRICH);
      await making.getByLabel("URL").fill(enrich.document);
      await create(making);
      await page.getByRole("heading", { name: ENRICH, level: 1 }).waitFor();
      const outgoing = page.getByRole("group", { name: "Outgoing" });
      await outgoing.getByLabel("New name").fill("company");
      await outgoing.getByRole("button", { name: "Add", exact: true }).click();
      await outgoing.getByRole("combobox", { name: "company" }).click();
      await page.getByRole("option", { name: "Name", exact: true }).click();
      await page.getByRole("button", { name: "Save" }).click();
      const service = page.getByRole("region", { name: "Service" });
      await service.getByRole("button", { name: "Register" }).click();
      await service.getByRole("alert").getByText("api_key").waitFor();
      await noBarriers("a service that wants a secret");
      await service.getByRole("button", { name: "Set api_key" }).click();
      const secret = page.getByRole("dialog");
      await secret.getByLabel("New value").fill(API_KEY);
      await secret.getByRole("button", { name: "Save" }).click();
      await secret.waitFor({ state: "detached" });
      await service.getByRole("button", { name: "Register" }).click();
      await page.getByText(`${enrich.title} is registered: journeys can call it`).waitFor();
      await page.getByRole("table", { name: "What each node may set" }).waitFor();
      await noBarriers("a service that is registered");
    },
  );

  await step("a journey is drawn with every kind of node", async () => {
    await writeMail(walking, `mail-${mark}`, MAIL);
    await registered(`tier-${mark}`, tier, true);
    await page.goto(`${server.url}/journeys`);
    await create(await createdIn("Create journey", JOURNEY));
    await page.getByRole("heading", { name: JOURNEY, level: 1 }).waitFor();
    await page
      .getByRole("button", { name: /^Account audience/ })
      .first()
      .click();
    await choose("Account list", LIST);

    ids.assign = await add("/entry", "Assign to Buying Group");
    await choose("Solution interest", INTEREST);
    await choose("Role", "Decision Maker");
    ids.mail = await add(`/nodes/${ids.assign}/next`, "Send email");
    await choose("Email", MAIL);
    ids.heard = await add(`/nodes/${ids.mail}/next`, "Email clicked");
    await panel().getByRole("switch", { name: "Stop listening after a while" }).check();
    await panel()
      .getByText(/^Someone arriving now stops listening on/)
      .waitFor();
    await panel().getByRole("switch", { name: "Set a timeout path" }).check();
    ids.late = await add(`/nodes/${ids.heard}/timeout/next`, "Account Interesting Moment");
    await panel().getByRole("combobox", { name: "Moment" }).click();
    await page.getByRole("option").first().click();
    ids.split = await add(`/nodes/${ids.heard}/next`, "Split paths");
    const builder = await ask("Employees", "is at least", "100");
    await eventually("the builder tells who matches", async () => {
      const matches = await builder.locator("[data-count=matches]").textContent();
      assert.ok(Number(matches.replaceAll(/\D/g, "")) >= ACCOUNTS.length, matches);
    });
    await noBarriers("the condition builder");
    await builder.getByRole("button", { name: "Done" }).click();
    ids.box = await add(`/nodes/${ids.split}/paths/0/next`, "Split paths by people");
    await (await ask("Email address", "contains", "walk.example"))
      .getByRole("button", { name: "Done" })
      .click();
    ids.variant = await add(`/nodes/${ids.box}/next`, "Variant split");
    ids.merge = await add(`/nodes/${ids.variant}/paths/0/next`, "Merge");
    await panel().getByRole("checkbox").first().waitFor();
    for (const box of await panel().getByRole("checkbox").all()) await box.check();
    ids.call = await add(`/nodes/${ids.merge}/next`, "External action");
    await choose("Service", ENRICH);
    ids.route = await add(`/nodes/${ids.call}/next`, "External split");
    await choose("Service", `tier-${mark} ${mark}`);
    await panel().getByLabel("Label").fill("Gold");
    await panel().getByRole("combobox", { name: "Add a constraint" }).click();
    await page.getByRole("option", { name: "Tier", exact: true }).click();
    await panel().getByLabel("Value").fill("gold");
    await page.keyboard.press("Enter");
    ids.wait = await add(`/nodes/${ids.route}/paths/0/next`, "Wait");
    await panel()
      .getByText(/^Someone arriving now leaves on/)
      .waitFor();
    await saved();
    await noBarriers("the editor");
  });

  await step("several nodes are copied as one, and what was too much is undone", async () => {
    const before = await drawnNodes();
    const several = [ids.mail, ids.late];
    for (const [n, id] of several.entries())
      await cardButton(id).click(n === 0 ? {} : { modifiers: ["Shift"] });
    await panel()
      .getByRole("heading", { name: `${several.length} nodes chosen` })
      .waitFor();
    await noBarriers("several nodes chosen");
    await panel().getByRole("button", { name: "Copy", exact: true }).click();
    await openMenu(`/nodes/${ids.wait}/next`);
    await page.getByRole("option", { name: /^Paste here/ }).click();
    await eventually("both copies are there", async () =>
      assert.equal((await drawnNodes()).length, before.length + several.length),
    );
    await page.getByRole("button", { name: "Undo" }).click();
    await eventually("the copies are gone", async () =>
      assert.deepEqual((await drawnNodes()).sort(), before.sort()),
    );
    await saved();
  });

  await step("a simulation fills the map, and nothing is sent", async () => {
    await page.getByRole("tab", { name: "Simulate" }).click();
    await page.getByRole("combobox", { name: "Follow one traveller" }).fill(`Walk ${mark} 1`);
    await page.getByRole("option", { name: new RegExp(ACCOUNTS[0]) }).click();
    await page.getByRole("button", { name: "Run" }).click();
    const results = page.getByRole("complementary", { name: "What would happen" });
    await results.getByText(`The way of ${ACCOUNTS[0]}`).waitFor();
    await results.getByRole("button", { name: new RegExp(MAIL) }).click();
    await results.getByText(`${PEOPLE[0]}@walk.example`).waitFor();
    await eventually("counts of the simulation", async () =>
      assert.equal(await shown(ids.mail, "reached"), ACCOUNTS.length),
    );
    await noBarriers("a simulation");
    // What the demo's own journeys send meanwhile, to these people too, is another matter.
    assert.deepEqual((await api(`/mail?q=${MAIL}`)).items, [], "nothing was sent");
  });

  await step("what happens on the way is said with a click, and the branch is taken", async () => {
    await page.getByRole("tab", { name: "On the way" }).click();
    const way = page.getByRole("complementary", { name: "What happens on the way" });
    const who = way.getByRole("radiogroup", { name: /^Who acts at / });
    await who.getByText("Everybody", { exact: true }).click();
    const answered = way.getByRole("radiogroup", { name: /^Who is answered at / });
    for (const each of await answered.all()) await each.getByText("All answered").click();
    await noBarriers("what happens on the way");
    // It is kept behind another tab of the journey.
    await page.getByRole("tab", { name: "Journey map" }).click();
    await page.getByRole("tab", { name: "Simulate" }).click();
    assert.equal(await who.getByRole("radio", { name: "Everybody" }).isChecked(), true);
    await page.getByRole("button", { name: "Run" }).click();
    const results = page.getByRole("complementary", { name: "What would happen" });
    await results
      .getByRole("region", { name: "Ways taken" })
      .getByText("Went on")
      .first()
      .waitFor();
    await eventually("everybody takes the branch", async () =>
      assert.equal(await shown(ids.split, "reached"), ACCOUNTS.length),
    );
    await noBarriers("the ways taken in a simulation");
  });

  await step("it is published after a review, and the accounts enter", async () => {
    await page.goto(`${server.url}/journeys/${KEY}`);
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Next" }).click();
    const entering = dialog.locator("[data-count=would-enter]");
    await entering.waitFor();
    assert.equal(await entering.textContent(), String(ACCOUNTS.length));
    await noBarriers("the review");
    await dialog.getByRole("button", { name: "Publish", exact: true }).click();
    await eventually("both accounts listen", async () => {
      const { nodes } = await status();
      assert.equal(nodes[ids.heard].current, ACCOUNTS.length);
    });
    const { items } = await api(`/accounts/${ACCOUNTS[0]}/buying_groups`);
    const group = items.find(({ name }) => name === INTEREST);
    assert.deepEqual(
      group.members.map(({ person, role, source }) => [person, role, source]),
      [[PEOPLE[0], "Decision Maker", "journey"]],
    );
  });

  await step("the mail arrives and its link is clicked: the branch is taken", async () => {
    await clickIn(walking, MAIL, PEOPLE[0]);
    await eventually("the service is asked", async () => assert.equal(enrich.calls.length, 1));
    const { nodes } = await status();
    assert.equal(nodes[ids.heard].current, 1, "the other account still listens");
    for (const id of [ids.split, ids.box, ids.variant, ids.merge, ids.call])
      assert.equal(nodes[id].reached, 1, id);
  });

  await step("services answer, and the answer chooses the path", async () => {
    await enrich.answer(enrich.calls[0], {});
    await eventually("the second service is asked", async () => assert.equal(tier.calls.length, 1));
    await tier.answer(tier.calls[0], { tier: "gold" });
    await eventually("the account stands at the wait", async () => {
      const { nodes } = await status();
      assert.equal(nodes[ids.wait].current, 1);
      assert.equal(nodes[ids.route].paths.Gold, 1);
    });
  });

  await step("every count on the map is the API's, as it changes", async () => {
    await page.goto(`${server.url}/journeys/${KEY}`);
    await page.getByRole("button", { name: "Fit the whole map" }).click();
    await eventually("counts on nodes", async () => {
      const { nodes } = await status();
      for (const id of Object.values(ids)) {
        for (const count of ["reached", "current"])
          assert.equal(await shown(id, count), nodes[id][count], `${id} ${count}`);
        const { reached, left, current, ended } = nodes[id];
        assert.equal(reached, left + current + ended, `${id} closes`);
      }
    });
    await cardButton(ids.wait).click();
    await panel().getByText("Now here", { exact: true }).click();
    const traveller = panel().getByRole("listitem").getByRole("link").first();
    assert.match(await traveller.textContent(), new RegExp(`Walk ${mark} 1`));
    await noBarriers("a node of a live map");
    const { items } = await api(`/journeys/${KEY}/travellers?state=active`);
    const waiting = items.find((each) => each.traveller.key === ACCOUNTS[0]);
    await write("POST", `/journeys/${KEY}/travellers/${waiting.id}/skip`, undefined);
    await eventually("the page follows without being asked", async () =>
      assert.equal(await shown(ids.wait, "current"), 0),
    );
  });

  await step("a next version is drawn, and compared with the first on the map", async () => {
    await page.goto(`${server.url}/journeys/${KEY}?edit=true`);
    const added = await add(`/nodes/${ids.late}/next`, "Wait");
    await cardButton(ids.wait).click();
    await panel().getByLabel("How long", { exact: false }).first().fill("9");
    await saved();
    await page.getByRole("tab", { name: "History" }).click();
    await card(added).filter({ hasText: "Added" }).waitFor();
    await card(ids.wait).filter({ hasText: "Changed" }).waitFor();
    await page.getByRole("complementary", { name: "What differs" }).getByText("9 days").waitFor();
    await noBarriers("two versions compared");
  });
});
await enrich.stop();
await tier.stop();
await rm(secrets, { recursive: true, force: true });
