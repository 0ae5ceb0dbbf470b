// What other systems are told: people in external audiences, accounts in audiences at a destination, activities by a
// webhook. Every number is compared with the API's, every message with what arrived.
import assert from "node:assert/strict";
import { signIn } from "./browser.mjs";
import { ACCESS_TOKEN, MEMBERS, startLinkedIn } from "./linkedin.mjs";
import { isSigned, startReceiver } from "./receiver.mjs";
import { begin } from "./walk.mjs";

const { server, page, api, write, eventually, noBarriers, step, walk } = await begin();
const receiver = await startReceiver();
const linkedin = await startLinkedIn();
const mark = Date.now().toString(36);
const OUT = `out-${mark}`;
const FILES = `files-${mark}`;
const RETARGET = `retarget-${mark}`;
const CRM = `crm-${mark}`;
const ADS = `ads-${mark}`;
const KEY_ACCOUNTS = `Key accounts ${mark}`;
const PEOPLE = [`ida-${mark}`, `ben-${mark}`];
const JOINED = "external_audience_joined";

const dialog = () => page.getByRole("dialog");
const panel = (name) => page.getByRole("region", { name });

async function open(path) {
  await page.goto(`${server.url}${path}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
}

async function choose(within, label, option) {
  await within.getByRole("combobox", { name: label }).click();
  await page.getByRole("option", { name: option, exact: true }).click();
}

/** Makes a definition of a kind from its list; `fill` says what its dialog asks for. */
async function create(list, kind, name, fill = async () => {}) {
  await open(list);
  await page
    .getByRole("button", { name: `Create ${kind}` })
    .first()
    .click();
  await dialog().getByLabel("Name", { exact: false }).first().fill(name);
  await fill();
  await noBarriers(`a new ${kind}`);
  await dialog().getByRole("button", { name: "Create", exact: true }).click();
  await page.getByRole("heading", { name, level: 1 }).waitFor();
}

async function save() {
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved", { exact: true }).first().waitFor();
}

/** What a link to a file gives to whoever is signed in here. */
async function linked(link) {
  const href = await link.getAttribute("href");
  return page.evaluate((url) => fetch(url).then((answer) => answer.text()), href);
}

await walk(async () => {
  await signIn(page, server);
  for (const person of PEOPLE)
    await write("PUT", `/people/${person}`, { email: `${person}@acme.example` });
  const folder = { name: OUT, type: "folder", settings: { path: OUT } };
  await write("PUT", `/connections/${OUT}`, folder);

  await step("an external audience warns as long as nobody is told of it", async () => {
    await create("/lists?tab=external-audience", "external audience", RETARGET);
    await page.getByText("It is handed to nobody").waitFor();
    await page.getByRole("button", { name: "Add people" }).click();
    await dialog().getByLabel("Or paste keys").fill(PEOPLE.join("\n"));
    await dialog()
      .getByRole("button", { name: `Add ${PEOPLE.length}`, exact: true })
      .click();
    const members = page.getByRole("table", { name: "Members" });
    for (const person of PEOPLE) await members.getByText(`${person}@acme.example`).waitFor();
    await noBarriers("an external audience without a destination");
  });

  await step("a destination is made where it is asked for, with the form of its type", async () => {
    await page.getByRole("combobox", { name: "Destinations" }).click();
    assert.equal(await page.getByRole("option", { name: FILES }).count(), 0);
    await page.keyboard.press("Escape");
    await create("/admin?tab=destination", "destination", FILES, () =>
      choose(dialog(), "Connection", OUT),
    );
    await page.getByText("It takes people, from external audiences.").waitFor();
    const columns = page.getByRole("group", { name: "Columns" });
    await columns.getByLabel("New name").fill("mail");
    await columns.getByRole("button", { name: "Add", exact: true }).click();
    const column = columns.getByRole("group", { name: "Mail" });
    await choose(column, "Attribute", "Email address");
    await choose(column, "As", "SHA-256 of the address");
    await save();
    const { settings, type } = await api(`/destinations/${FILES}`);
    assert.deepEqual(settings.columns, { mail: { attribute: "email", as: "sha256_email" } });
    assert.equal(type, "folder", "its connection says of what type it is");
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.getByRole("status").filter({ hasText: "Files are written there" }).waitFor();
    await noBarriers("a destination");
  });

  await step(
    "its people stand there as the API counts them; search and file tell who",
    async () => {
      await open(`/definitions/external_audiences/${RETARGET}`);
      await choose(page, "Destinations", FILES);
      await page.keyboard.press("Escape");
      await save();
      const standing = panel(FILES);
      await standing.waitFor();
      assert.equal(await page.getByText("It is handed to nobody").count(), 0);
      await eventually("the numbers are the API's", async () => {
        const [told] = (await api(`/external_audiences/${RETARGET}/standing`)).destinations;
        assert.equal(told.there + told.pending, PEOPLE.length);
        const shown = await standing.locator("dd").allTextContents();
        assert.deepEqual(shown.map(Number), [told.there, told.pending]);
      });
      const csv = await linked(page.getByLabel("Download all as CSV"));
      for (const person of PEOPLE) assert.ok(csv.includes(`${person}@acme.example`), csv);
      await page.getByLabel("Search by key, name or address").fill(PEOPLE[0]);
      const members = page.getByRole("table", { name: "Members" });
      await members.getByRole("link", { name: PEOPLE[1] }).waitFor({ state: "detached" });
      await members.getByRole("link", { name: PEOPLE[0] }).waitFor();
      await noBarriers("an external audience");
      await open(`/definitions/destinations/${FILES}`);
      await panel("Used by").getByRole("link", { name: RETARGET }).waitFor();
    },
  );

  await step("a person's page shows where they are handed to, and what is held there", async () => {
    const [held] = (await api(`/people/${PEOPLE[0]}/external_audiences`)).items;
    assert.deepEqual([held.audience, held.destination], [RETARGET, FILES]);
    await open(`/people/${PEOPLE[0]}`);
    const place = page.getByRole("region", { name: `${RETARGET} at ${FILES}` });
    await place.getByText({ there: "There", pending: "On the way" }[held.state]).waitFor();
    if (held.holds) await place.getByText(held.holds.mail).waitFor();
    await noBarriers("a person who is handed over");
  });

  await step("a webhook signs what it tells with a secret that is shown once", async () => {
    await create("/admin?tab=webhook", "webhook", CRM, () =>
      dialog().getByLabel("URL").fill(receiver.url),
    );
    // The demo is never quiet: only what this walk does is told.
    await choose(page, "Activities", JOINED);
    await page.keyboard.press("Escape");
    await save();
    await page.getByRole("button", { name: "Make a new secret" }).click();
    await dialog().getByRole("button", { name: "Make a new secret" }).click();
    const field = page.getByLabel(`Signing secret of ${CRM}`).and(page.locator("input"));
    const secret = await field.inputValue();
    assert.match(secret, /^whsec_/);
    await noBarriers("a signing secret");
    await page.getByRole("button", { name: "I have kept it" }).click();
    await field.waitFor({ state: "detached" });
    assert.ok(!(await page.content()).includes(secret), "it is shown once");
    await page.getByRole("button", { name: "Send a ping" }).click();
    await page.getByRole("status").filter({ hasText: "took a signed message" }).waitFor();
    assert.ok(isSigned(receiver.of("ping")[0], secret), "the ping is signed with it");
  });

  await step(
    "the log shows what the receiver answered, and one message is sent again",
    async () => {
      const leave = { keys: [PEOPLE[0]] };
      await write("POST", `/external_audiences/${RETARGET}/members/removals`, leave);
      await write("POST", `/external_audiences/${RETARGET}/members`, leave);
      const log = page.getByRole("table", { name: "Messages" });
      const joined = log.getByRole("row").filter({ hasText: JOINED }).first();
      await joined.getByText("Delivered").waitFor();
      await joined.getByText("http_204").waitFor();
      const [first] = receiver.of(JOINED);
      await joined.getByRole("button", { name: `Send ${first.id} again` }).click();
      await eventually("it arrives with the same id", () => {
        const same = receiver.of(JOINED).filter(({ id }) => id === first.id);
        assert.equal(same.length, 2);
        assert.equal(same[0].text, same[1].text);
      });
      await noBarriers("the log of a webhook");
    },
  );

  await step(
    "what is refused waits with its next try; a paused webhook tells nothing",
    async () => {
      receiver.answer(500);
      await write("PUT", `/people/walter-${mark}`, { email: `walter-${mark}@acme.example` });
      await write("POST", `/external_audiences/${RETARGET}/members`, { keys: [`walter-${mark}`] });
      const log = page.getByRole("table", { name: "Messages" });
      const waits = log.getByRole("row").filter({ hasText: "Waits" }).first();
      await waits.getByText("http_500").waitFor();
      await page.getByRole("button", { name: "Pause" }).click();
      await page.getByText("Nothing leaves through it until it is resumed.").waitFor();
      assert.equal((await api(`/webhooks/${CRM}/state`)).paused, true);
      receiver.answer(204);
      await page.getByRole("button", { name: "Resume" }).click();
      await eventually("it arrives after all", () =>
        assert.ok(receiver.of(JOINED).some(({ text }) => text.includes(`walter-${mark}`))),
      );
    },
  );

  await step("accounts stand in an audience that is too small, and the page says so", async () => {
    const settings = { base_url: linkedin.url };
    const connection = { name: `li-${mark}`, type: "linkedin", settings };
    await write("PUT", `/connections/li-${mark}`, connection);
    await write("PUT", `/connections/li-${mark}/secrets/access_token`, { value: ACCESS_TOKEN });
    await create("/admin?tab=destination", "destination", ADS, async () => {
      await choose(dialog(), "Connection", `li-${mark}`);
      await dialog().getByLabel("Ad account").fill("512345");
    });
    await page.getByText("No audience yet").waitFor();
    const [account] = (await api("/accounts?limit=1")).items;
    const list = { type: "static", state: "live", accounts: [account.key] };
    await write("PUT", `/account_lists/${ADS}`, list);
    await write("PUT", `/journeys/${ADS}`, {
      subject: "account",
      audience: { account_list: ADS },
      entry: "put",
      nodes: {
        put: {
          type: "action",
          on: "account",
          action: "activate_to_destination",
          destination: ADS,
          audience_name: KEY_ACCOUNTS,
          next: null,
        },
      },
      end: new Date(Date.now() + 30 * 24 * 3_600_000).toISOString(),
    });
    await write("POST", `/journeys/${ADS}/publish`, {});
    await eventually("the company is told", () => assert.equal(linkedin.companies.length, 1));
    await page.getByRole("button", { name: "Ask now" }).click();
    const row = page.getByRole("row").filter({ hasText: KEY_ACCOUNTS });
    await row.getByText("Ready", { exact: true }).waitFor();
    await row.getByRole("cell", { name: `${MEMBERS} of 300 needed` }).waitFor();
    await page.getByText("Fewer than 300 members").waitFor();
    const [told] = (await api(`/destinations/${ADS}/audiences`)).items;
    assert.deepEqual([told.accounts, told.audience_size, told.below_minimum], [1, MEMBERS, true]);
    await noBarriers("the audiences of a destination");
  });

  await step("a data flow is looked at as a draft; live, its filter stays as it is", async () => {
    const group = { buying_group: { completeness: { less_than: 50 } } };
    await write("PUT", `/data_flows/flow-${mark}`, {
      destination: ADS,
      when: group,
      state: "draft",
    });
    await open(`/definitions/data_flows/flow-${mark}`);
    await page.getByText("It does nothing until it is published.").waitFor();
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    const told = panel("Its audience there").locator("dd");
    await eventually("its audience is the API's", async () => {
      const { items } = await api(`/destinations/${ADS}/audiences`);
      const own = items.find(({ data_flow }) => data_flow === `flow-${mark}`);
      const shown = await told.allTextContents();
      assert.deepEqual([shown[0], shown[3]], [own.name, String(own.accounts)]);
    });
    await page.getByText("has a buying group whose Completeness is less than 50").waitFor();
    assert.equal((await api(`/data_flows/flow-${mark}`)).state, "live");
    await noBarriers("a data flow");
  });
});
await receiver.stop();
await linkedin.stop();
