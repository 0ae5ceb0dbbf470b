// Content as a marketer looks at it: an email as two people get it on each screen, its links, what stands against it, the
// values of a journey, and a text with the length that is paid for; every count is compared with the API's.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { signIn } from "./browser.mjs";
import { begin } from "./walk.mjs";

const { server, context, page, api, write, eventually, noBarriers, step, walk } = await begin();
const mark = Date.now().toString(36);
const MAIL = `looked-at-${mark}`;
const FLAWED = `flawed-${mark}`;
const TEXT = `text-${mark}`;
const PROVIDER = `provider-${mark}`;
// They stand first in the list of journeys.
const JOURNEY = `aa-webinar-${mark}`;
const OTHER = `aa-other-${mark}`;
const SENDING = `aa-sending-${mark}`;
const ADA = { key: `ada-${mark}`, first_name: "Ada", email: `ada-${mark}@acme.example` };
const BOB = { key: `bob-${mark}`, first_name: "Bob", email: `bob-${mark}@acme.example` };
const PLAN = "https://acme.example/plan";
const NEWS = "https://acme.example/news";
const A_PHONE = 390;
const TOKEN = "a-token-of-the-provider";

const dialog = () => page.getByRole("dialog");
const button = (name) => page.getByRole("button", { name, exact: true });
const view = (name) =>
  page.getByRole("region", { name: "Content" }).getByText(name, { exact: true }).click();
const framed = () => page.frameLocator('iframe[title^="Preview:"]');
const letters = (n) => "a".repeat(n);

const open = async (path) => {
  await page.goto(`${server.url}${path}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
};

async function save() {
  await button("Save").click();
  await page.getByText("Not saved", { exact: false }).waitFor({ state: "detached" });
}

/** What the API answers to a question that keeps nothing. */
async function ask(path, data) {
  const { csrf } = await api("/session");
  const headers = { "X-CSRF-Token": csrf };
  const answer = await context.request.post(`${server.url}/api/v1${path}`, { data, headers });
  assert.equal(answer.status(), 200, await answer.text());
  return answer.json();
}

async function lookAs({ email }) {
  await page.getByLabel("As whom").and(page.locator("input")).fill(email);
  await page.getByRole("option").filter({ hasText: email }).click();
}

async function withValuesOf(journey) {
  await page.getByRole("combobox", { name: "With the values of a journey" }).click();
  await page.getByRole("option", { name: journey, exact: true }).click();
}

/** Whether the preview is turned dark, as it is drawn. */
const isDark = async () =>
  (await framed()
    .locator("html")
    .evaluate((html) => getComputedStyle(html).filter)) !== "none";

const width = async () => (await page.locator('iframe[title^="Preview:"]').boundingBox()).width;

/** Twilio, as far as a text is handed to it. */
async function startProvider() {
  const taken = [];
  const double = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const fields = new URLSearchParams(Buffer.concat(chunks).toString());
      const pair = Buffer.from(request.headers.authorization.split(" ")[1], "base64").toString();
      taken.push({ ...Object.fromEntries(fields), token: pair.split(":")[1] });
      response.writeHead(201, { "Content-Type": "application/json" });
      response.end(JSON.stringify({ sid: `SM${mark.padEnd(32, "0")}`, status: "queued" }));
    });
  });
  await new Promise((listening) => double.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${double.address().port}`,
    taken,
    stop: () => new Promise((stopped) => double.close(stopped)),
  };
}

const provider = await startProvider();

async function setTheScene() {
  const { connection } = await api(`/emails/${(await api("/emails?limit=1")).items[0].key}`);
  for (const { key, ...person } of [ADA, BOB]) await write("PUT", `/people/${key}`, person);
  const hello = "Hello {{ person.first_name | default('you') }}";
  const foot = '<a href="{{ system.unsubscribe_url }}">Unsubscribe</a>';
  const links = `<p><a href="${PLAN}">The plan</a> or <a href="${NEWS}">the news</a></p>`;
  await write("PUT", `/emails/${MAIL}`, {
    connection,
    subject: hello,
    body: { html: `<p>${hello}, how are you?</p>${links}<p>${foot}</p>` },
  });
  await write("PUT", `/emails/${FLAWED}`, {
    connection,
    subject: "News",
    body: { html: '<p>News <img src="https://acme.example/a.png"></p>' },
  });
  for (const [key, webinar] of [
    [JOURNEY, "Spring day"],
    [OTHER, "Autumn day"],
  ])
    await write("PUT", `/journeys/${key}?incomplete=true`, {
      name: key,
      subject: "person",
      tokens: { webinar },
    });
  await write("PUT", `/journeys/${SENDING}?incomplete=true`, {
    name: SENDING,
    subject: "person",
    tokens: { webinar: "Summer day" },
    entry: "mail",
    nodes: {
      mail: { type: "action", on: "people", action: "send_email", email: MAIL, next: null },
    },
  });
  await write("PUT", `/connections/${PROVIDER}`, {
    type: "twilio",
    settings: {
      account_sid: "AC00000000000000000000000000000001",
      from: "+15005550006",
      base_url: provider.url,
    },
    secrets: { auth_token: { env: "CARAVAN_WALK_HAS_NO_SUCH_TOKEN" } },
  });
  await write("PUT", `/sms_messages/${TEXT}`, {
    connection: PROVIDER,
    type: "transactional",
    body: "Hello",
  });
}

await walk(async () => {
  await signIn(page, server);
  await setTheScene();

  await step(
    "two people each see their own name, on a desktop, a phone and in the dark",
    async () => {
      await open(`/definitions/emails/${MAIL}`);
      await view("Preview");
      for (const [person, another] of [
        [ADA, BOB],
        [BOB, ADA],
      ]) {
        await lookAs(person);
        const expected = await ask(`/emails/${MAIL}/preview`, { person: person.key });
        assert.equal(expected.subject, `Hello ${person.first_name}`);
        await page.getByTitle(`Preview: ${expected.subject}`).waitFor();
        await page.getByText(`${expected.bytes} B`, { exact: true }).waitFor();
        const isTheirs = async () => {
          await framed().getByText(`Hello ${person.first_name}, how are you?`).waitFor();
          const words = await framed().locator("body").textContent();
          assert.ok(!words.includes(another.first_name), words);
          const html = await page.getByTitle("Preview:").getAttribute("srcdoc");
          assert.ok(html.endsWith(expected.html), "it is what the API makes of it");
        };
        await view("Desktop");
        await isTheirs();
        assert.equal(await isDark(), false);
        const wide = await width();
        assert.ok(wide > A_PHONE, `${wide} is wider than a phone`);
        await view("Phone");
        await eventually("the frame is a phone's", async () =>
          assert.equal(await width(), A_PHONE),
        );
        await isTheirs();
        await page.getByRole("switch", { name: "Dark" }).check();
        await eventually("it is dark", async () => assert.equal(await isDark(), true));
        await isTheirs();
        await noBarriers("an email in the dark on a phone");
        await page.getByRole("switch", { name: "Dark" }).uncheck();
        await eventually("it is light", async () => assert.equal(await isDark(), false));
      }
    },
  );

  await step("the plain text is the API's, and it has no dark side", async () => {
    await view("Plain text");
    const expected = await ask(`/emails/${MAIL}/preview`, { person: BOB.key });
    assert.ok(expected.text.includes("Hello Bob") && expected.text.includes(PLAN), expected.text);
    await eventually("it stands there", async () =>
      assert.equal(await page.locator("pre").textContent(), expected.text),
    );
    assert.equal(await page.getByRole("switch", { name: "Dark" }).isDisabled(), true);
    await noBarriers("the plain text of an email");
  });

  await step("links are listed, and how their clicks are tracked is changed and kept", async () => {
    await view("Links");
    const table = page.getByRole("table", { name: "Links" });
    await table.getByText(PLAN).waitFor();
    const { links } = await ask(`/emails/${MAIL}/preview`, {});
    const listed = await table
      .getByRole("row")
      .evaluateAll((rows) =>
        rows.slice(1).map((row) => [...row.cells].slice(0, 3).map((cell) => cell.textContent)),
      );
    assert.deepEqual(
      listed,
      links.map(({ number, label, target }) => [String(number + 1), label, target]),
    );
    assert.deepEqual(
      links.slice(0, 2).map(({ target }) => target),
      [PLAN, NEWS],
    );
    await noBarriers("the links of an email");
    const tracking = (link) => page.getByLabel(`How clicks on ${link} are tracked`);
    assert.equal(await tracking("The plan").inputValue(), "tracked");
    await tracking("The plan").selectOption({ label: "Not counted" });
    await tracking("the news").selectOption({
      label: "Counted, and the site learns who comes",
    });
    await save();
    assert.deepEqual((await api(`/emails/${MAIL}`)).links, { [PLAN]: "off", [NEWS]: "with_token" });
    await page.reload();
    await view("Links");
    await table.getByText(PLAN).waitFor();
    assert.deepEqual(
      [await tracking("The plan").inputValue(), await tracking("the news").inputValue()],
      ["off", "with_token"],
    );
    // As it was: nothing of it stays in the manifest.
    for (const link of ["The plan", "the news"])
      await tracking(link).selectOption({ label: "Counted" });
    await save();
    assert.equal((await api(`/emails/${MAIL}`)).links, undefined);
  });

  await step("how often links were followed is what the API counts", async () => {
    const followed = (key) => api(`/messages/links?message=${key}`);
    const { items } = await api("/emails?limit=200");
    const counts = await Promise.all(items.map(async ({ key }) => (await followed(key)).items));
    const clicks = counts.map((all) => all.reduce((sum, each) => sum + each.clicks, 0));
    const { key } = items[clicks.indexOf(Math.max(...clicks))];
    const { links } = await ask(`/emails/${key}/preview`, {});
    assert.ok(links.length > 0, key);
    // Visitors may click all the while: the page is asked anew as well.
    await eventually("the table counts as the API does", async () => {
      await open(`/definitions/emails/${key}`);
      await view("Links");
      const table = page.getByRole("table", { name: "Links" });
      await table.waitFor();
      await page.waitForLoadState("networkidle");
      const shown = await table
        .getByRole("row")
        .evaluateAll((rows) =>
          rows.slice(1).map((row) => [...row.cells].slice(4).map((cell) => cell.textContent)),
        );
      const figures = (await followed(key)).items;
      const sum = (number, of) =>
        figures.filter(({ link }) => link === number).reduce((all, each) => all + each[of], 0);
      assert.deepEqual(
        shown.map((cells) => cells.map((cell) => Number(cell.replaceAll(/\D/g, "")))),
        links.map(({ number }) => [sum(number, "clicked"), sum(number, "clicks")]),
      );
    });
  });

  await step("an alert goes once what it is about is mended", async () => {
    await open(`/definitions/emails/${FLAWED}`);
    const findings = async () =>
      (await ask("/content/findings", await api(`/emails/${FLAWED}`))).items;
    const codes = (await findings()).map(({ code }) => code).sort();
    assert.deepEqual(codes, ["image_without_alt", "opt_out_link_missing"]);
    const [picture, optOut] = [/An image has no description/, /There is no opt-out link here/];
    await button("2 alerts").click();
    await dialog().getByText(picture).waitFor();
    await dialog().getByText(optOut).waitFor();
    assert.equal(await dialog().getByText("Worth a look", { exact: true }).count(), 2);
    await noBarriers("the alerts of an email");
    await button("2 alerts").click();
    await dialog().waitFor({ state: "detached" });
    const code = page.getByLabel("HTML", { exact: true });
    const mended = '<p>News <img src="https://acme.example/a.png" alt="A bridge"></p>';
    await code.fill(mended);
    await button("1 alert").click();
    await dialog().getByText(optOut).waitFor();
    assert.equal(await dialog().getByText(picture).count(), 0);
    await button("1 alert").click();
    await code.fill(`${mended}<a href="{{ system.unsubscribe_url }}">Unsubscribe</a>`);
    await button("No alerts").waitFor();
    // What stands in the way is told as such, and in which line.
    await code.fill(`${mended}\n{{ person.first_nam }}`);
    await button("3 alerts").click();
    await dialog().getByText("Stands in the way · line 2").waitFor();
    await dialog().getByText("did you mean", { exact: false }).waitFor();
    await button("3 alerts").click();
    await code.fill(`${mended}<a href="{{ system.unsubscribe_url }}">Unsubscribe</a>`);
    await button("No alerts").waitFor();
    await save();
    assert.deepEqual(await findings(), []);
  });

  await step("the values of a journey are offered, and the preview fills them in", async () => {
    await open(`/definitions/emails/${MAIL}`);
    const fields = async (search) => {
      await button("Insert a field").click();
      await page.getByPlaceholder("Search fields").fill(search);
    };
    await page.getByLabel("HTML", { exact: true }).waitFor();
    await fields("webinar");
    await page.getByText("Choose a journey in the preview to insert its values.").waitFor();
    assert.equal(await page.getByRole("button", { name: "webinar", exact: true }).count(), 0);
    await page.keyboard.press("Escape");

    await view("Preview");
    await withValuesOf(JOURNEY);
    await view("Code");
    await fields("webinar");
    await page.getByText("Values of the journey").waitFor();
    await page.getByRole("button", { name: "webinar", exact: true }).click();
    const code = page.getByLabel("HTML", { exact: true });
    assert.ok((await code.inputValue()).includes("{{ my.webinar }}"), await code.inputValue());
    await page.getByText("Not saved", { exact: false }).waitFor();

    await view("Preview");
    await framed().getByText("Spring day").waitFor();
    await lookAs(ADA);
    await page.getByTitle("Preview: Hello Ada").waitFor();
    await framed().getByText("Spring day").waitFor();
    await withValuesOf(OTHER);
    await framed().getByText("Autumn day").waitFor();
    assert.equal(await framed().getByText("Spring day").count(), 0);
    await save();
    const asked = { person: ADA.key, journey: OTHER };
    const { html } = await ask(`/emails/${MAIL}/preview`, asked);
    const shown = await page.getByTitle("Preview:").getAttribute("srcdoc");
    assert.ok(html.includes("Autumn day") && shown.endsWith(html), shown);
  });

  await step("an email says which values it lacks without a journey, and leads to it", async () => {
    await open(`/definitions/emails/${MAIL}`);
    await view("Preview");
    const needed = page.getByRole("alert").filter({ hasText: "{{ my.webinar }}" });
    await needed.getByText("A journey gives this value").waitFor();
    await noBarriers("an email without its journey");
    await needed.getByRole("button", { name: "Choose a journey" }).click();
    const picker = page.getByRole("combobox", { name: "With the values of a journey" });
    await eventually("it can be chosen", async () =>
      assert.equal(await picker.evaluate((one) => one === document.activeElement), true),
    );
  });

  await step("an email that is opened from its journey has that journey's values", async () => {
    await open(`/journeys/${SENDING}?node=mail`);
    await page
      .getByRole("complementary")
      .getByRole("link", { name: /^Open / })
      .first()
      .click();
    await page.getByRole("region", { name: "Content" }).waitFor();
    assert.equal(new URL(page.url()).searchParams.get("journey"), SENDING);
    await view("Preview");
    await framed().getByText("Summer day").waitFor();
    await view("Code");
    await button("Insert a field").click();
    await page.getByRole("button", { name: "webinar", exact: true }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: `Back to ${SENDING}` }).click();
    await page.waitForURL(`**/journeys/${SENDING}*`);
  });

  await step("the segments of a text are counted as the networks count them", async () => {
    await open(`/definitions/sms_messages/${TEXT}`);
    const input = page.getByLabel("Text", { exact: true }).and(page.locator("textarea"));
    const phone = page.getByRole("region", { name: "On the phone" });
    const cases = [
      [letters(160), 1, "160 of 160 characters"],
      [letters(161), 2, "161 of 306 characters"],
      // Signs of the alphabet's second table take two places.
      [`${letters(158)}€`, 1, "160 of 160 characters"],
      [`${letters(159)}€`, 2, "161 of 306 characters"],
      // One sign outside of the alphabet, and the whole text is Unicode; this one takes two places.
      [`${letters(68)}🎉`, 1, "70 of 70 characters"],
      [`${letters(69)}🎉`, 2, "71 of 134 characters"],
    ];
    for (const [body, segments, length] of cases) {
      await input.fill(body);
      await page.getByText(length).waitFor();
      const draft = { ...(await api(`/sms_messages/${TEXT}`)), body };
      const expected = await ask(`/sms_messages/${TEXT}/preview`, { draft });
      assert.deepEqual(
        [expected.parts, expected.units, expected.alphabet],
        [segments, Number.parseInt(length, 10), body.includes("🎉") ? "UCS-2" : "GSM-7"],
      );
      const counted = await page.locator("[data-segments]").textContent();
      assert.equal(counted, `${segments} ${segments === 1 ? "segment" : "segments"}`);
      await phone.getByText(body, { exact: true }).waitFor();
      const alphabet = body.includes("🎉") ? "Unicode" : "Phone alphabet";
      await phone.getByText(`${counted} · ${alphabet}`, { exact: false }).waitFor();
    }
    await page.getByText("“🎉” is outside the phone alphabet").waitFor();
    await input.fill(`It’s ${letters(66)}`);
    await button("Use plain signs: 1 segment").click();
    assert.equal(await input.inputValue(), `It's ${letters(66)}`);
    await page.getByText("71 of 160 characters").waitFor();
    await noBarriers("a text message");
  });

  await step("a text is seen as each person gets it, and as long as it may become", async () => {
    const body = "Hi {{ person.first_name | default('you') }}, see you";
    await page.getByLabel("Text", { exact: true }).and(page.locator("textarea")).fill(body);
    const phone = page.getByRole("region", { name: "On the phone" });
    await phone.getByText("Hi you, see you", { exact: true }).waitFor();
    for (const person of [ADA, BOB]) {
      await lookAs(person);
      await phone.getByText(`Hi ${person.first_name}, see you`, { exact: true }).waitFor();
    }
    await save();
    const { parts, people, values } = await ask(`/sms_messages/${TEXT}/longest`, {});
    const words = `With the longest fields of the latest ${people} people: ${parts} segment`;
    const because = Object.entries(values).map(([field, value]) => `${field}: ${value}`);
    assert.equal(because.length, 1);
    await page.getByText(words, { exact: false }).filter({ hasText: because[0] }).waitFor();
    await page.getByText("segment without the fields").waitFor();
  });

  await step("a proof of a text is refused without a token, and arrives with one", async () => {
    const [NUMBER, WRONG] = ["+15558675310", "12"];
    const prove = async (...numbers) => {
      await button("Send proof").click();
      for (const number of numbers) {
        await dialog().getByLabel("To").and(page.locator("input")).fill(number);
        await page.keyboard.press("Enter");
      }
      await dialog().getByRole("button", { name: "Send", exact: true }).click();
    };
    await prove(NUMBER);
    await dialog().getByText(`Not sent to ${NUMBER}:`).waitFor();
    await dialog().getByText("CARAVAN_WALK_HAS_NO_SUCH_TOKEN", { exact: false }).waitFor();
    await noBarriers("a proof that is refused");
    assert.deepEqual(provider.taken, []);
    await dialog().getByRole("button", { name: "Cancel" }).click();
    await dialog().waitFor({ state: "detached" });

    await write("PUT", `/connections/${PROVIDER}/secrets/auth_token`, { value: TOKEN });
    await page.getByLabel("Text", { exact: true }).and(page.locator("textarea")).fill("Unsaved");
    await prove(NUMBER, WRONG);
    await dialog().getByText("not saved yet is not in the proof", { exact: false }).waitFor();
    await dialog().getByText(`Sent to ${NUMBER}`).waitFor();
    await dialog().getByText(`Not sent to ${WRONG}:`).waitFor();
    const told = provider.taken.map(({ To, Body, token }) => [To, Body, token]);
    // As whom it is looked at last.
    assert.deepEqual(told, [[NUMBER, "Hi Bob, see you", TOKEN]]);
  });
});
await provider.stop();
