// How an administrator looks after an installation, and a marketer writes, proofs and reads figures: every number and
// every effect is compared with what the API says.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { signIn } from "./browser.mjs";
import { startMailServer } from "./smtp.mjs";
import { TOKEN as TEXT_TOKEN, writesBack } from "./texts.mjs";
import { begin } from "./walk.mjs";

const { server, context, page, api, write, eventually, noBarriers, step, walk } = await begin();
const mailServer = await startMailServer();
const mark = Date.now().toString(36);
const TOKEN = `walk-${mark}`;
const USER = `walk-${mark}@acme.example`;
const PROOF = `proof-${mark}@acme.example`;
const RELAY = `relay-${mark}`;
const REFUSED = `refused-${mark}`;
const TEXTS = `texts-${mark}`;
const WRITERS = ["moved", "asked"].map((name) => `${name}-${mark}`);
const PEOPLE = ["again", "never"].map((name) => `${name}-${mark}`);

const open = async (path) => {
  await page.goto(`${server.url}${path}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
};
const dialog = () => page.getByRole("dialog");
const asToken = (token) =>
  fetch(`${server.url}/api/v1/emails`, { headers: { authorization: `Bearer ${token}` } });

async function post(path, data) {
  const { csrf } = await api("/session");
  const headers = { "X-CSRF-Token": csrf };
  const answer = await context.request.post(`${server.url}/api/v1${path}`, { data, headers });
  assert.equal(answer.status(), 200, await answer.text());
  return answer.json();
}

async function choose(within, label, option) {
  await within.getByRole("combobox", { name: label }).click();
  await page.getByRole("option", { name: option, exact: true }).click();
}

/** Two people who wrote sentences to us in which there is a stop. */
async function writeSentences() {
  const ours = "+15005550006";
  await write("PUT", `/connections/${TEXTS}`, {
    type: "twilio",
    settings: { account_sid: "AC00000000000000000000000000000002", from: ours },
  });
  await write("PUT", `/connections/${TEXTS}/secrets/auth_token`, { value: TEXT_TOKEN });
  for (const [n, key] of WRITERS.entries()) {
    const from = `+1555${String(Date.now() + n).slice(-7)}`;
    const person = { first_name: key, email: `${key}@acme.example`, mobile_phone: from };
    await write("PUT", `/people/${key}`, person);
    const text = `Please stop texting me, ${key}`;
    await writesBack(server, TEXTS, { from, to: ours, text, id: `SM${mark}${n}` });
  }
}

/** Two people who get an email through the connection, in a journey that is live. */
async function travelThrough(connection) {
  const mail = `mail-${mark}`;
  const mjml =
    '<mjml><mj-body><mj-section><mj-column><mj-text>Hello. <a href="{{ system.unsubscribe_url }}">Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>';
  await write("PUT", `/emails/${mail}`, { connection, subject: mail, body: { mjml } });
  for (const person of PEOPLE)
    await write("PUT", `/people/${person}`, { email: `${person}@acme.example` });
  await write("PUT", `/people_lists/${REFUSED}`, {
    type: "static",
    state: "live",
    people: PEOPLE,
  });
  await write("PUT", `/journeys/${REFUSED}`, {
    subject: "person",
    audience: { people_list: REFUSED },
    entry: "mail",
    nodes: {
      mail: { type: "action", on: "people", action: "send_email", email: mail, next: "pause" },
      pause: { type: "wait", duration: "1d", next: null },
    },
    end: new Date(Date.now() + 30 * 24 * 3_600_000).toISOString(),
  });
  await write("POST", `/journeys/${REFUSED}/publish`, {});
}

await walk(async () => {
  await signIn(page, server);

  await step("the demo opens on a journey that runs", async () => {
    await page.goto(`${server.url}/`);
    await page.waitForURL(/\/journeys\/[\w-]+$/);
    const key = new URL(page.url()).pathname.split("/").at(-1);
    const status = await api(`/journeys/${key}/status`);
    assert.equal(status.state, "live");
    assert.ok(status.travellers.entered > 0, "somebody travels");
  });

  await step("a token is shown once, works, and is revoked", async () => {
    await open("/admin?tab=tokens");
    await noBarriers("API tokens");
    await page.getByRole("button", { name: "Make token" }).first().click();
    await dialog().getByLabel("What it is for").fill(TOKEN);
    await dialog().getByRole("button", { name: "Make token" }).click();
    const secret = await page.getByLabel(`Token ${TOKEN}`).and(page.locator("input")).inputValue();
    assert.equal((await asToken(secret)).status, 200);
    await page.getByRole("button", { name: "I have kept it" }).click();
    await page.getByRole("row").filter({ hasText: TOKEN }).waitFor();
    assert.ok(!(await page.content()).includes(secret), "it is shown once");
    await page.getByLabel(`Choose ${TOKEN}`).check();
    await page.getByRole("button", { name: "Revoke" }).click();
    await dialog().getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("row").filter({ hasText: TOKEN }).waitFor({ state: "detached" });
    assert.equal((await asToken(secret)).status, 401);
  });

  await step("a user is added, and the log says who did it", async () => {
    await open("/admin?tab=users");
    await noBarriers("users");
    await page.getByRole("button", { name: "Add user" }).first().click();
    await dialog().getByLabel("Email").fill(USER);
    await dialog().getByRole("button", { name: "Add user" }).click();
    const password = await page
      .getByLabel(`Password of ${USER}`)
      .and(page.locator("input"))
      .inputValue();
    assert.match(password, /^(\w{5}-){3}\w{5}$/);
    await page.getByRole("button", { name: "I have kept it" }).click();
    await open(`/admin?tab=audit&q=walk-${mark}`);
    const entry = page.getByRole("row").filter({ hasText: `Users · ${USER}` });
    await entry.getByText(server.email).waitFor();
    await noBarriers("the audit log");
  });

  await step("background work is done at once, and storage tells its tables", async () => {
    await open("/admin?tab=jobs");
    await noBarriers("jobs");
    await page.getByRole("button", { name: "Run now: Retention" }).click();
    await page.getByText("It is due now").waitFor();
    await open("/admin?tab=storage");
    await noBarriers("storage");
    const { items } = await api("/accounts?limit=1");
    assert.ok(items.length > 0);
    await page.getByRole("cell", { name: "Account", exact: true }).waitFor();
    await open("/admin?tab=roles");
    await noBarriers("roles");
  });

  await step(
    "a file of networks is refused by its lines, taken whole and deleted again",
    async () => {
      await open("/admin?tab=machines");
      await noBarriers("machines");
      const choose = (text) =>
        page.locator("input[type=file][aria-label='File: Networks of machines']").setInputFiles({
          name: "networks.txt",
          mimeType: "text/plain",
          buffer: Buffer.from(text),
        });
      await choose("203.0.113.0/24\nacme.example\n0.0.0.0/0\n");
      await page.getByText("Line 2:").waitFor();
      await page.getByText("Line 3:").waitFor();
      await choose("# gateways\n203.0.113.0/24\n198.51.100.7\n");
      await page.getByText("2 entries").waitFor();
      const deleting = page.getByRole("button", { name: "Delete: Networks of machines" });
      await deleting.click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
      await deleting.waitFor({ state: "detached" });
    },
  );

  await step("an email is seen as a person gets it, and its proof arrives", async () => {
    const [email] = (await api("/emails?limit=1")).items;
    const person = (await api("/people?limit=50")).items.find((each) => each.first_name);
    await open(`/definitions/emails/${email.key}`);
    await page.getByText("Preview", { exact: true }).click();
    await page.getByLabel("As whom").and(page.locator("input")).fill(person.email);
    await page.getByRole("option").first().click();
    const expected = await post(`/emails/${email.key}/preview`, { person: person.key });
    await page.getByTitle(`Preview: ${expected.subject}`).waitFor();
    await noBarriers("the preview of an email");
    await page.getByRole("button", { name: "Spam report" }).click();
    await dialog().getByText("Judged by a few rules and points of our own").waitFor();
    await noBarriers("a spam report");
    await page.keyboard.press("Escape");
    await dialog().waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Send proof" }).click();
    await dialog().getByLabel("To").and(page.locator("input")).fill(PROOF);
    await page.keyboard.press("Enter");
    await dialog()
      .getByRole("group", { name: `${PROOF} gets it as` })
      .waitFor();
    await dialog().getByRole("button", { name: "Send", exact: true }).click();
    await dialog().getByText(`Sent to ${PROOF}`).waitFor();
    const caught = (await api(`/mail?q=${PROOF}`)).items[0];
    assert.ok(caught.subject.includes(expected.subject), caught.subject);
  });

  await step("caught mail is found by its address, and read", async () => {
    await open("/messages");
    await page.getByRole("searchbox", { name: "Search addresses and subjects" }).fill(PROOF);
    const list = page.getByRole("navigation", { name: "Caught mail" });
    await eventually("only that message", async () =>
      assert.equal(await list.getByRole("button").count(), 1),
    );
    await list.getByRole("button", { name: PROOF }).click();
    await page.getByRole("radiogroup", { name: "How to show the message" }).waitFor();
    assert.ok(new URL(page.url()).searchParams.get("q"), "the search stands in the address");
    await noBarriers("a message that was found");
    await page.getByRole("searchbox", { name: "Search addresses and subjects" }).fill("nobody@");
    await page.getByText("Nothing matches “nobody@”").waitFor();
  });

  await step("a connection is made, tried, paused, and its secret is set", async () => {
    await open("/admin?tab=connection");
    await page.getByRole("button", { name: "Create connection" }).first().click();
    await dialog().getByLabel("Name", { exact: false }).first().fill(RELAY);
    await choose(dialog(), "Type", "SMTP server");
    await dialog().getByLabel("Host").fill("127.0.0.1");
    await dialog().getByLabel("Port").fill(String(mailServer.port));
    await choose(dialog(), "Security", "None");
    const sender = dialog().getByRole("group", { name: "From" });
    await sender.getByLabel("Name").fill("Walk");
    await sender.getByLabel("Email").fill("walk@acme.example");
    await noBarriers("a new connection");
    await dialog().getByRole("button", { name: "Create", exact: true }).click();
    await page.getByRole("heading", { name: RELAY, level: 1 }).waitFor();

    const state = () => api(`/connections/${RELAY}/state`);
    await page.getByText("Not tried yet").waitFor();
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.getByRole("status").filter({ hasText: "127.0.0.1 answers" }).waitFor();
    await page.getByText("Works", { exact: true }).waitFor();
    assert.equal((await state()).health, "healthy");

    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText("Nothing leaves through it until it is resumed.").waitFor();
    assert.equal((await state()).paused, true);
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByText("Works", { exact: true }).waitFor();

    await page.getByRole("button", { name: "Set the secret webhook_secret" }).click();
    await dialog().getByLabel("New value").fill(`hush-${mark}`);
    await dialog().getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Forget the secret webhook_secret" }).waitFor();
    const kept = (await state()).secrets.find(({ name }) => name === "webhook_secret");
    assert.deepEqual([kept.source, kept.set_by], ["stored", server.email]);
    await page.reload();
    await page.getByText("Kept encrypted since").waitFor();
    assert.ok(!(await page.content()).includes(`hush-${mark}`), "it is never shown");
    await noBarriers("a connection");
  });

  await step("an answer that was taken for a stop is looked at, and opened again", async () => {
    await writeSentences();
    await open("/problems?tab=answers");
    const row = (person) => page.getByRole("row").filter({ hasText: person });
    for (const key of WRITERS) await row(key).getByText(`Please stop texting me, ${key}`).waitFor();
    const waiting = (await api("/text_answers")).total;
    await page.getByRole("tab", { name: `Answers to texts (${waiting})` }).waitFor();
    await noBarriers("answers that somebody shall look at");
    await row(WRITERS[0]).getByRole("link", { name: WRITERS[0] }).click();
    await page.waitForURL(`**/people/${WRITERS[0]}`);

    await open(`/problems?tab=answers&q=${mark}`);
    await row(WRITERS[0])
      .getByRole("button", { name: `Done: ${WRITERS[0]}` })
      .click();
    await row(WRITERS[0]).waitFor({ state: "detached" });
    await row(WRITERS[1]).getByRole("checkbox").check();
    const bar = page.getByRole("region", { name: "What to do with the chosen rows" });
    await bar.getByRole("button", { name: "Done" }).click();
    await row(WRITERS[1]).waitFor({ state: "detached" });
    await page.getByText("Looked at", { exact: true }).click();
    for (const key of WRITERS) await row(key).getByText(server.email).waitFor();
    await noBarriers("answers that somebody has looked at");
    const done = async () => (await api(`/text_answers?state=done&q=${mark}`)).items;
    assert.deepEqual(
      (await done()).map((it) => it.done_by),
      [server.email, server.email],
    );
    await row(WRITERS[1])
      .getByRole("button", { name: `Open again: ${WRITERS[1]}` })
      .click();
    await row(WRITERS[1]).waitFor({ state: "detached" });
    assert.deepEqual(
      (await done()).map((it) => it.person.key),
      [WRITERS[0]],
    );
    const { items } = await api("/audit?q=text_answers");
    assert.ok(items.length >= 3 && items[0].subject.endsWith("/text_answers/open"));
  });

  await step("what a mail server refuses is sent again, or given up, and counted", async () => {
    await travelThrough(RELAY);
    const outcomes = async () => (await api(`/journeys/${REFUSED}/status`)).nodes.mail.outcomes;
    await eventually("both are refused", async () =>
      assert.deepEqual((await outcomes()).failed, { refused_content: PEOPLE.length }),
    );
    await open(`/journeys/${REFUSED}/problems`);
    const row = (person) => page.getByRole("row").filter({ hasText: person });
    for (const person of PEOPLE)
      await row(person).getByText("this content is not wanted").waitFor();
    await page.getByRole("searchbox", { name: "Search by traveller or words" }).fill(PEOPLE[1]);
    await row(PEOPLE[0]).waitFor({ state: "detached" });
    await row(PEOPLE[1]).waitFor();
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download as CSV" }).click(),
    ]);
    const lines = (await readFile(await file.path(), "utf8")).split("\n");
    assert.match(lines[0], /^What happened,At node,Traveller,/);
    assert.equal(lines.length, 2, "only what is searched for");
    await open(`/problems?q=${mark}`);
    const where = row(PEOPLE[0]).getByRole("link", { name: "Send email" });
    await where.click();
    await page.waitForURL(new RegExp(`/journeys/${REFUSED}\\?node=mail`));
    await page.getByRole("complementary", { name: "Node: Send email" }).waitFor();
    await open(`/journeys/${REFUSED}/problems`);
    await noBarriers("the problems of a journey");

    mailServer.mend();
    await row(PEOPLE[0])
      .getByRole("button", { name: /^Retry/ })
      .click();
    await row(PEOPLE[0]).waitFor({ state: "detached" });
    await row(PEOPLE[1]).getByRole("button", { name: /^Skip/ }).click();
    await row(PEOPLE[1]).waitFor({ state: "detached" });
    await page.getByText("No problems", { exact: true }).waitFor();
    assert.deepEqual(mailServer.taken, [`${PEOPLE[0]}@acme.example`]);

    await open(`/journeys/${REFUSED}`);
    const card = page.locator('.react-flow__node[data-id="mail"]');
    await card.getByRole("button", { name: /^Outcomes/ }).click();
    const counted = page.getByRole("dialog").getByRole("listitem");
    await eventually("the map counts as the API does", async () => {
      const { done, skipped, failed } = await outcomes();
      assert.deepEqual([done, skipped, failed], [1, { given_up: 1 }, {}]);
      // The number, its share of all, and why.
      const told = await counted.allTextContents();
      assert.deepEqual(told, [`Done${done}50%`, `Skipped${skipped.given_up}50%Given up1`]);
    });
    await open(`/definitions/connections/${RELAY}`);
    // Who uses it is named; an email without a name by its key in words.
    await page.getByRole("link", { name: `Mail ${mark}` }).waitFor();
  });

  await step("dashboards show the API's own figures", async () => {
    // Messages leave all the while: the page stands between two answers.
    const [first] = (await api("/messages/figures?by=message")).items;
    await open("/dashboards?tab=messages&days=0");
    const sorts = await api(`/${first.channel === "sms" ? "sms_messages" : "emails"}?limit=200`);
    const { name } = sorts.items.find(({ key }) => key === first.message);
    const row = page.getByRole("row").filter({ hasText: name }).first();
    await row.waitFor();
    const shown = (await row.getByRole("cell").allTextContents()).slice(2, 3);
    const again = (await api("/messages/figures?by=message")).items[0];
    const sent = Number(shown[0].replaceAll(/\D/g, ""));
    assert.ok(first.sent <= sent && sent <= again.sent, `${first.sent} ≤ ${sent} ≤ ${again.sent}`);
    await noBarriers("email performance");
    await open("/dashboards?tab=roles");
    const figures = await api("/buying_groups/figures");
    for (const { role, filled, missing } of figures.roles) {
      assert.equal(filled + missing, figures.groups, role);
      await page.getByRole("row").filter({ hasText: role }).first().waitFor();
    }
    await noBarriers("role insights");
    for (const tab of ["journeys", "journey", "groups", "engagement"]) {
      await open(`/dashboards?tab=${tab}`);
      await noBarriers(`the dashboard ${tab}`);
    }
  });

  await step("a journey that is ready is taken, and opens as a draft", async () => {
    await open("/welcome");
    await page.getByRole("button", { name: "Your first journey" }).click();
    await noBarriers("the first steps");
    await page.getByRole("button", { name: "Use this: Different words by company size" }).click();
    await page.waitForURL(/\/journeys\/different-words-by-size/);
    const key = new URL(page.url()).pathname.split("/").at(-1);
    assert.deepEqual((await api(`/journeys/${key}/findings`)).items, []);
  });
});
await mailServer.stop();
