// What an administrator keeps in order: limits and quiet hours, what may leave, who is not written to, what roles allow,
// the DNS of a sending domain, and how much room everything takes. Every effect is read back from the API.
import assert from "node:assert/strict";
import { signIn } from "./browser.mjs";
import { writeMail } from "./mails.mjs";
import { begin } from "./walk.mjs";

const { server, context, page, api, write, eventually, noBarriers, step, walk } = await begin();
const mark = Date.now().toString(36);
const RULES = `rules-${mark}`;
const ROLE = `Keeper ${mark}`;
const USER = `keeper-${mark}@acme.example`;
const ADDRESS = `never-${mark}@acme.example`;
const DOMAIN = `@d${mark}.example`;
const SENDS = `sends-${mark}`;

const open = async (path) => {
  await page.goto(`${server.url}${path}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
};
const dialog = () => page.getByRole("dialog");
const rowOf = (text) => page.getByRole("row").filter({ hasText: text });
const statusOf = async (path) =>
  (await context.request.get(`${server.url}/api/v1${path}`)).status();

async function choose(within, label, option) {
  await within.getByRole("combobox", { name: label }).click();
  await page.getByRole("option", { name: option, exact: true }).click();
}

/** Several of what a field offers; the list is closed again. */
async function chooseSeveral(within, label, options) {
  const field = within.getByLabel(label).and(page.locator("input")).first();
  // What is chosen covers it, and takes the click for it.
  await field.click({ force: true });
  for (const option of options)
    await page.getByRole("option", { name: option, exact: true }).click();
  await field.press("Tab");
}

/** A person whom a demo's group has as a member, so that one can write to them by hand. */
async function memberOf(group, key, email) {
  const [account, interest] = [group.account.key, group.solution_interest.key];
  await write("PUT", `/people/${key}`, { email, account_key: account });
  const path = `/accounts/${account}/buying_groups/${interest}/members/${key}`;
  await write("PUT", path, { role: "Influencer" });
}

/** Writes to a member by hand; why not, where that is refused. */
async function mailTo(group, email, person) {
  const { csrf } = await api("/session");
  const answer = await context.request.post(
    `${server.url}/api/v1/buying_groups/${group.id}/email`,
    { data: { email, people: [person] }, headers: { "X-CSRF-Token": csrf } },
  );
  const { queued, errors } = await answer.json();
  return queued === 1 ? "queued" : errors[0].code;
}

const arrived = async (to) =>
  (await api(`/mail?q=${to}`)).items.filter((mail) => mail.to.includes(to)).length;

/** Bytes as the page tells them. */
function sized(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), 4);
  const shown = Math.round((bytes / 1024 ** power) * 10) / 10;
  return `${shown.toLocaleString("en")} ${["kB", "MB", "GB", "TB"][power - 1]}`;
}

/** `api_token` and what the page calls it, “API token”, alike. */
const worded = (name) => name.toLowerCase().replaceAll("_", " ");

await walk(async () => {
  await signIn(page, server);
  await writeMail({ api, write }, `note-${mark}`, `Note ${mark}`);
  const [group] = (await api("/buying_groups?limit=1")).items;

  await step("a limit and quiet hours are written and published", async () => {
    await open("/admin?tab=rule-set");
    await noBarriers("limits and quiet hours");
    await page.getByRole("button", { name: "Create rule set" }).first().click();
    await page.getByRole("dialog").getByLabel("Name").fill(RULES);
    await page.getByRole("dialog").getByRole("button", { name: "Create", exact: true }).click();
    await page.getByRole("heading", { name: RULES, level: 1 }).waitFor();
    const caps = page.getByRole("group", { name: "Caps" });
    await caps.getByRole("button", { name: "Add: Caps" }).click();
    const cap = caps.getByRole("group", { name: "2", exact: true });
    await cap.getByLabel("Name").fill("Daily");
    await chooseSeveral(cap, "Channels", ["Email", "SMS"]);
    await cap.getByLabel("At most").fill("2");
    await choose(cap, "Per", "Day");
    const quiet = page.getByRole("group", { name: "Quiet hours" });
    await quiet.getByRole("button", { name: "Add: Quiet hours" }).click();
    const hours = quiet.getByRole("group", { name: "1", exact: true });
    await chooseSeveral(hours, "Days", ["Saturday", "Sunday"]);
    await hours.getByLabel("From").fill("25:00");
    await hours.getByRole("textbox", { name: "To", exact: true }).fill("08:00");
    await hours.getByLabel("Zone").fill("own");
    await choose(hours, "Then", "Queue");
    await noBarriers("a rule set");
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    await page.getByRole("alert").getByText("This has to be put right first").waitFor();
    assert.equal((await api(`/rule_sets/${RULES}`)).caps.length, 1, "nothing was kept");
    await hours.getByLabel("From").fill("21:00");
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    await page.getByText("Published: journeys use it").waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    const kept = await api(`/rule_sets/${RULES}`);
    assert.equal(kept.state, "live");
    assert.deepEqual(kept.caps[1], {
      name: "Daily",
      channels: ["email", "sms"],
      at_most: 2,
      per: "day",
    });
    const [{ then: next, ...when }] = kept.quiet_hours;
    assert.deepEqual(when, { days: ["sat", "sun"], from: "21:00", to: "08:00", zone: "own" });
    assert.deepEqual([kept.quiet_hours.length, next], [1, "queue"]);
  });

  await step("what would leave is held, and leaves once it is let go", async () => {
    const [person, address] = [`held-${mark}`, `held-${mark}@acme.example`];
    await memberOf(group, person, address);
    const told = (words) => page.getByRole("status").filter({ hasText: words }).waitFor();
    await open("/admin?tab=delivery");
    await told("Messages leave as journeys send them.");
    try {
      await page.getByRole("button", { name: "Hold all outgoing" }).click();
      await told("Everything that would leave is held.");
      assert.deepEqual(await api("/delivery/hold"), { held: true });
      await noBarriers("held messages");
      assert.equal(await mailTo(group, `note-${mark}`, person), "queued");
      await page.reload();
      await told("Everything that would leave is held.");
      await page.waitForTimeout(3_000);
      assert.equal(await arrived(address), 0, "it is held");
      await page.getByRole("button", { name: "Let them go" }).click();
      await told("Messages leave as journeys send them.");
      assert.deepEqual(await api("/delivery/hold"), { held: false });
      await eventually("it leaves", async () => assert.equal(await arrived(address), 1));
    } finally {
      // Other walks wait for their mails.
      await write("PUT", "/delivery/hold", { held: false });
    }
  });

  await step("an address and a domain are not written to, until they are again", async () => {
    const [byAddress, byDomain] = [`never-${mark}`, `apart-${mark}`];
    await memberOf(group, byAddress, ADDRESS);
    await memberOf(group, byDomain, `somebody${DOMAIN}`);
    const told = async () => [
      await mailTo(group, `note-${mark}`, byAddress),
      await mailTo(group, `note-${mark}`, byDomain),
    ];
    assert.deepEqual(await told(), ["queued", "queued"]);
    const add = async (address, reason) => {
      await page.getByRole("button", { name: "Add an address" }).first().click();
      await dialog().getByLabel("Email address, domain or phone number").fill(address);
      await dialog().getByLabel("Reason").fill(reason);
      await noBarriers("an address not to write to");
      await dialog().getByRole("button", { name: "Save" }).click();
      await dialog().waitFor({ state: "detached" });
    };
    await open("/admin?tab=suppressions");
    await page.getByRole("button", { name: "Add an address" }).first().click();
    await dialog().getByLabel("Email address, domain or phone number").fill("nothing of it");
    await dialog().getByRole("button", { name: "Save" }).click();
    await dialog().getByRole("alert").waitFor();
    await dialog().getByRole("button", { name: "Cancel" }).click();
    await add(ADDRESS.toUpperCase(), `asked ${mark}`);
    await add(DOMAIN, `competitor ${mark}`);
    await rowOf(ADDRESS).getByText(`Asked ${mark}`).waitFor();
    await rowOf(DOMAIN).getByText(`Competitor ${mark}`).waitFor();
    const { user } = await api("/session");
    await rowOf(ADDRESS).getByText("Added by hand").waitFor();
    await rowOf(ADDRESS).getByText(user.email).waitFor();
    await noBarriers("addresses not to write to");
    const { reason } = await api(`/suppressions/${encodeURIComponent(DOMAIN)}`);
    assert.equal(reason, `competitor ${mark}`);
    assert.deepEqual(await told(), ["suppressed", "suppressed"]);

    await page.getByRole("searchbox", { name: "Search by address" }).fill(ADDRESS);
    await rowOf(DOMAIN).waitFor({ state: "detached" });
    await rowOf(ADDRESS)
      .getByRole("button", { name: `Let it be written to again: ${ADDRESS}` })
      .click();
    await rowOf(ADDRESS).waitFor({ state: "detached" });
    assert.equal(await statusOf(`/suppressions/${encodeURIComponent(ADDRESS)}`), 404);
    await page.getByRole("searchbox", { name: "Search by address" }).fill("");
    await page.getByLabel(`Choose ${DOMAIN}`).check();
    await page
      .getByRole("region", { name: "What to do with the chosen rows" })
      .getByRole("button", { name: "Let it be written to again" })
      .click();
    await rowOf(DOMAIN).waitFor({ state: "detached" });
    assert.equal(await statusOf(`/suppressions/${encodeURIComponent(DOMAIN)}`), 404);
    assert.deepEqual(await told(), ["queued", "queued"]);
  });

  await step("a role is made, given to a new user, and allows what it says", async () => {
    await open("/admin?tab=access-role");
    await page.getByRole("button", { name: "Create access role" }).first().click();
    await dialog().getByLabel("Name").first().fill(ROLE);
    await chooseSeveral(dialog(), "Permissions", ["Definitions: read", "Customers: read"]);
    await noBarriers("a new access role");
    await dialog().getByRole("button", { name: "Create", exact: true }).click();
    await page.getByRole("heading", { name: ROLE, level: 1 }).waitFor();
    await noBarriers("an access role");
    const may = ["definitions:read", "customers:read"];
    const { items } = await api("/user_roles");
    const made = items.find(({ name }) => name === ROLE);
    assert.deepEqual(made.permissions.map(({ key }) => key).sort(), may.toSorted());

    await open("/admin?tab=roles");
    const table = page.getByRole("table", { name: "Roles" });
    await table.getByRole("columnheader", { name: ROLE }).waitFor();
    const column = items.indexOf(made) + 1;
    for (const { key, about } of items[0].permissions) {
      const cell = table.getByRole("row").filter({ hasText: about }).getByRole("cell").nth(column);
      const told = await cell.getByRole("img").getAttribute("aria-label");
      assert.equal(told, may.includes(key) ? "Yes" : "No", key);
    }
    await noBarriers("what roles allow");

    await open("/admin?tab=users");
    await page.getByRole("button", { name: "Add user" }).first().click();
    await dialog().getByLabel("Email").fill(USER);
    await choose(dialog(), "Role", ROLE);
    await noBarriers("a new user");
    await dialog().getByRole("button", { name: "Add user" }).click();
    const shown = page.getByLabel(`Password of ${USER}`).and(page.locator("input"));
    const password = await shown.inputValue();
    await page.getByRole("button", { name: "I have kept it" }).click();
    await rowOf(USER).getByText(ROLE).waitFor();

    const other = await context.browser().newContext({ reducedMotion: "reduce" });
    const theirs = await other.newPage();
    await signIn(theirs, { url: server.url, email: USER, password });
    const asThem = async (path) =>
      (await other.request.get(`${server.url}/api/v1${path}`)).status();
    assert.deepEqual([await asThem("/accounts"), await asThem("/users")], [200, 403]);
    await theirs.goto(`${server.url}/admin`);
    const tabs = theirs.getByRole("tablist", { name: "Administration" });
    await tabs.getByRole("tab", { name: "Do not write to" }).waitFor();
    assert.equal(await tabs.getByRole("tab", { name: "Users" }).count(), 0);
    await other.close();
  });

  await step("who may write emails alone is offered nothing else, and refused it", async () => {
    const role = `emails-${mark}`;
    const user = `${role}@acme.example`;
    await write("PUT", `/access_roles/${role}`, {
      name: `Writer ${mark}`,
      permissions: ["definitions:read", "customers:read", "emails:write"],
    });
    const fragment = `terms-${mark}`;
    const body = { html: "<p>Terms apply.</p>" };
    await write("PUT", `/fragments/${fragment}`, { name: fragment, state: "live", body });
    const added = await write("PUT", `/users/${user}`, { role });
    const { password } = await added.json();
    const other = await context.browser().newContext({ reducedMotion: "reduce" });
    const theirs = await other.newPage();
    await signIn(theirs, { url: server.url, email: user, password });
    const make = (what) => theirs.getByRole("button", { name: `Create ${what}` }).first();
    await theirs.goto(`${server.url}/content`);
    await make("email").waitFor();
    await theirs.getByRole("tab", { name: "Fragments" }).click();
    await theirs.getByRole("row").filter({ hasText: fragment }).waitFor();
    await make("fragment").waitFor({ state: "detached" });
    await theirs.goto(`${server.url}/definitions/fragments/${fragment}`);
    await theirs.getByText("You may look at this fragment, but not change it").waitFor();
    assert.equal(await theirs.getByRole("button", { name: /^(Publish|Save|More)/ }).count(), 0);
    const { csrf } = await (await other.request.get(`${server.url}/api/v1/session`)).json();
    const headers = { "X-CSRF-Token": csrf };
    const refused = async (method, path, data) =>
      (
        await other.request.fetch(`${server.url}/api/v1${path}`, { method, data, headers })
      ).status();
    const manifest = { kind: "fragment", key: fragment, body };
    assert.deepEqual(
      [
        await refused("PUT", `/fragments/${fragment}`, manifest),
        await refused("POST", "/manifests", { manifests: [manifest] }),
        await refused("DELETE", `/fragments/${fragment}`),
      ],
      [403, 403, 403],
    );
    await other.close();
    await write("DELETE", `/users/${user}`);
  });

  await step("a domain's records are made, copied and looked up", async () => {
    const domain = `${mark}.example`;
    await open("/admin?tab=sending-domain");
    await page.getByRole("button", { name: "Create sending domain" }).first().click();
    await dialog().getByLabel("Name", { exact: false }).first().fill(SENDS);
    await dialog().getByLabel("Domain").fill(domain);
    await noBarriers("a new sending domain");
    await dialog().getByRole("button", { name: "Create", exact: true }).click();
    await page.getByRole("heading", { name: SENDS, level: 1 }).waitFor();
    const dns = page.getByRole("region", { name: "Records for the DNS" });
    await dns.getByText(`_dmarc.${domain}`).waitFor();
    await page.getByRole("button", { name: "Make a key" }).click();
    const { items } = await eventually("the key is there", async () => {
      const keys = await api(`/delivery/domains/${SENDS}/keys`);
      assert.equal(keys.items.length, 1);
      return keys;
    });
    const signing = page.getByRole("region", { name: "Signing keys" });
    await signing.getByText(`Key ${items[0].selector}`).waitFor();

    const { records } = await api(`/delivery/domains/${SENDS}`);
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.url });
    const kept = () => page.evaluate(() => navigator.clipboard.readText());
    for (const { type, name, value, purpose } of records) {
      await dns.getByText(purpose, { exact: true }).waitFor();
      const copies = (part) =>
        dns.getByRole("button", {
          name: `Copy: ${part} of ${purpose} (${type} ${name})`,
          exact: true,
        });
      await copies("Name").click();
      await eventually("its name is copied", async () => assert.equal(await kept(), name));
      await copies("Value").click();
      await eventually("its value is copied", async () => assert.equal(await kept(), value));
    }
    assert.equal(await statusOf(`/delivery/domains/${SENDS}/check`), 404, "never looked up");
    await dns.getByRole("button", { name: "Look it up" }).click();
    const outcome = dns.getByRole("status");
    await outcome.getByText("Looked up just now").waitFor();
    const check = await api(`/delivery/domains/${SENDS}/check`);
    const others = check.records.filter(({ state }) => state !== "good");
    assert.ok(!check.well && others.length > 1, "nobody has such a domain");
    await outcome.getByText(`${others.length} records are not as they must be`).waitFor();
    for (const { name } of others) await outcome.getByText(`${name}:`).first().waitFor();
    await noBarriers("a sending domain");
    await write("DELETE", `/sending_domains/${SENDS}`);
  });

  await step("storage tells the room that the API tells", async () => {
    const table = page.getByRole("table", { name: "Tables" });
    const read = async () => {
      const rows = await table.getByRole("row").all();
      return Promise.all(rows.slice(1).map((row) => row.getByRole("cell").allTextContents()));
    };
    // What is written meanwhile is not compared: only what was the same before and after.
    await eventually("the page tells what the API does", async () => {
      const before = await api("/storage");
      await open("/admin?tab=storage");
      await table.getByRole("row").nth(1).waitFor();
      const shown = new Map(
        (await read()).map(([name, ...told]) => [worded(name), told.slice(0, 2)]),
      );
      const after = await api("/storage");
      assert.equal(before.bytes, after.bytes, "it stands still");
      const room = page.getByRole("region", { name: "Room taken" });
      await room.getByText(sized(after.bytes), { exact: true }).waitFor({ timeout: 1_000 });
      const still = after.tables.filter(({ table: name, rows }) => {
        const was = before.tables.find((each) => each.table === name);
        return was?.rows === rows && rows > 0;
      });
      assert.ok(still.length > 10, `${still.length} tables stand still`);
      for (const { table: name, rows, bytes, estimated } of still) {
        const count = `${estimated ? "about " : ""}${rows.toLocaleString("en")}`;
        assert.deepEqual(
          shown.get(worded(name)),
          [count, bytes == null ? "–" : sized(bytes)],
          name,
        );
      }
      const empty = after.tables.filter(({ rows }) => rows === 0);
      for (const { table: name } of empty) assert.ok(!shown.has(worded(name)), name);
    });
    await noBarriers("storage and retention");
  });
});
