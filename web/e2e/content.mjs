// What is done with content beside writing it: talking about it, bringing a change into live journeys, taking in a design from elsewhere, locks, archives,
// records, and the keys that sign mail.
import assert from "node:assert/strict";
import { signIn } from "./browser.mjs";
import { begin } from "./walk.mjs";

const { server, page, api, write, noBarriers, step, walk } = await begin();
const mark = Date.now().toString(36);
const MAIL = `frozen-${mark}`;
const DESIGN = `design-${mark}`;
const BRAND = `brand-${mark}`;
const LOCKED = `locked-${mark}`;

const open = async (path) => {
  await page.goto(`${server.url}${path}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
};
const dialog = () => page.getByRole("dialog");

/** A live journey that sends an email to nobody yet. */
async function liveJourney() {
  const { connection } = await api(`/emails/${(await api("/emails?limit=1")).items[0].key}`);
  const mjml =
    '<mjml><mj-body><mj-section><mj-column><mj-text>Hello. <a href="{{ system.unsubscribe_url }}">Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>';
  await write("PUT", `/emails/${MAIL}`, { connection, subject: "As published", body: { mjml } });
  await write("PUT", `/people_lists/${MAIL}`, { type: "static", state: "live", people: [] });
  await write("PUT", `/journeys/${MAIL}`, {
    subject: "person",
    audience: { people_list: MAIL },
    entry: "mail",
    nodes: {
      mail: { type: "action", on: "people", action: "send_email", email: MAIL, next: null },
    },
    end: new Date(Date.now() + 30 * 24 * 3_600_000).toISOString(),
  });
  await write("POST", `/journeys/${MAIL}/publish`, {});
}

await walk(async () => {
  await signIn(page, server);

  await step(
    "a changed email is brought into the live journey that sends its older form",
    async () => {
      await liveJourney();
      await open(`/definitions/emails/${MAIL}`);
      const bring = page.getByRole("button", { name: "Bring into live journeys …" });
      await page.getByLabel("Subject").fill("As changed");
      assert.equal(await bring.count(), 0, "what is published is what is saved");
      await page.getByRole("button", { name: "Save", exact: true }).click();
      await bring.click();
      await dialog().getByText("version 1 → 2").waitFor();
      await noBarriers("bringing a change into live journeys");
      await dialog().getByRole("button", { name: "Publish the new version" }).click();
      await bring.waitFor({ state: "detached" });
      assert.equal((await api(`/journeys/${MAIL}/versions`)).items.length, 2);
    },
  );

  await step("a design from elsewhere becomes a template, and says what was left out", async () => {
    await open("/content?tab=email-template");
    await page.getByRole("button", { name: "Import a design" }).click();
    const html = `<html><head><title>x</title></head><body><script>alert(1)</script><p>Autumn ${mark}</p></body></html>`;
    await page.locator("input[type=file]").setInputFiles({
      name: `${DESIGN}.html`,
      mimeType: "text/html",
      buffer: Buffer.from(html),
    });
    await noBarriers("importing a design");
    await dialog().getByRole("button", { name: "Import", exact: true }).click();
    await dialog().getByText("script", { exact: false }).waitFor();
    await dialog().getByRole("button", { name: "Open the template" }).click();
    await page.getByRole("heading", { name: DESIGN, level: 1 }).waitFor();
    await page.frameLocator("iframe").getByText(`Autumn ${mark}`).waitFor();
    const { name, body } = await api(`/email_templates/${DESIGN}`);
    assert.equal(name ?? DESIGN, DESIGN);
    assert.ok(!body.html.includes("<script"), body.html);
    await noBarriers("an imported template");
  });

  await step(
    "a template locks a part, and an email made of it keeps that in the designer",
    async () => {
      const column = (text, more = "") =>
        `<mj-section${more}><mj-column><mj-text>${text}</mj-text></mj-column></mj-section>`;
      const mjml = `<mjml><mj-body>${column("Yours to write")}${column("Acme Ltd", ' data-lock="locked"')}</mj-body></mjml>`;
      await write("PUT", `/email_templates/${BRAND}`, {
        subject: "News",
        lock: "marked",
        body: { mjml },
      });
      const { connection } = await api(`/emails/${(await api("/emails?limit=1")).items[0].key}`);
      const begun = { key: LOCKED, connection };
      const email = await (await write("POST", `/email_templates/${BRAND}/email`, begun)).json();
      await write("PUT", `/emails/${LOCKED}`, email);
      await open(`/definitions/emails/${LOCKED}`);
      await page.getByText(`Made of the template ${BRAND}`, { exact: false }).waitFor();
      const canvas = page.frameLocator("iframe.gjs-frame");
      await canvas.getByText("Acme Ltd").waitFor();
      await noBarriers("an email whose template locks parts");
      // What is locked cannot be written in; what is open can, and what the designer makes of the rest is taken for the same.
      await canvas.getByText("Acme Ltd").dblclick();
      assert.equal(await canvas.getByText("Acme Ltd").getAttribute("contenteditable"), null);
      await canvas.getByText("Yours to write").dblclick();
      await page.keyboard.type("Mine: ");
      await canvas.getByText("Acme Ltd").click();
      await page.getByRole("button", { name: "Save", exact: true }).click();
      await page.getByText("Not saved", { exact: false }).waitFor({ state: "detached" });
      const saved = await api(`/emails/${LOCKED}`);
      assert.ok(
        saved.body.mjml.includes("Mine:") && saved.lock.template === BRAND,
        saved.body.mjml,
      );
      // What is open can be copied, unless the template lets nothing more come.
      const tools = () => page.locator(".gjs-toolbar-item").filter({ visible: true });
      await canvas.getByText("Mine:").click();
      await tools().first().waitFor();
      const free = await tools().count();
      const strict = { subject: "News", lock: "marked", additions: "none", body: { mjml } };
      await write("PUT", `/email_templates/${BRAND}`, strict);
      const next = await write("POST", `/email_templates/${BRAND}/email`, {
        ...begun,
        key: `${LOCKED}-2`,
      });
      await write("PUT", `/emails/${LOCKED}-2`, await next.json());
      await open(`/definitions/emails/${LOCKED}-2`);
      await canvas.getByText("Yours to write").click();
      await tools().first().waitFor();
      assert.equal(await tools().count(), free - 1, "one tool less: to copy it");
    },
  );

  await step("people comment on a block of the design, and on the whole", async () => {
    await open(`/definitions/emails/${LOCKED}`);
    const canvas = page.frameLocator("iframe.gjs-frame");
    await canvas.getByText("Yours to write").waitFor();
    await page.getByText("Comments", { exact: true }).click();
    await page.getByText("Nobody has said anything yet").waitFor();
    await canvas.getByText("Yours to write").click();
    await page.getByLabel("Pin to", { exact: false }).waitFor();
    await page.getByRole("textbox", { name: "Comment" }).fill("Shorter, please");
    await page.getByRole("button", { name: "Comment", exact: true }).click();
    const pin = page.getByRole("button", { name: "Comment 1", exact: true });
    await pin.waitFor();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("Not saved", { exact: false }).waitFor({ state: "detached" });
    const saved = (await api(`/emails/${LOCKED}`)).body.mjml;
    const [comment] = (await api(`/emails/${LOCKED}/comments`)).items;
    assert.ok(comment.block && saved.includes(`data-comment="${comment.block}"`), saved);

    // The pin is there again, and leads to what was said.
    await page.reload();
    await pin.click();
    await page.getByText("Shorter, please").waitFor();
    await noBarriers("comments in the designer");
    await page.getByRole("button", { name: "Answer", exact: true }).click();
    await page.getByRole("textbox", { name: "Your answer" }).fill("Done");
    await page.getByRole("button", { name: "Answer", exact: true }).click();
    await page.getByText("Done", { exact: true }).waitFor();
    await page.getByRole("button", { name: "More for the comment of" }).last().click();
    await page.getByRole("menuitem", { name: "Write it anew" }).click();
    await page.getByRole("textbox", { name: "Your comment" }).fill("Done, have a look");
    await page.getByRole("button", { name: "Keep it so" }).click();
    await page.getByText("Done, have a look").waitFor();
    await page.getByText("written anew").waitFor();
    await page.getByRole("button", { name: "More for the comment of" }).first().click();
    await page.getByRole("menuitem", { name: "Remove the pin" }).click();
    await page.getByText("About the whole").waitFor();
    await pin.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Resolve", exact: true }).click();
    await page.getByText("Everything is resolved").waitFor();
    await page.getByRole("switch", { name: "Show resolved (1)" }).check();
    await page.getByRole("button", { name: "Open again" }).waitFor();
    await page.getByRole("button", { name: "More for the comment of" }).first().click();
    await page.getByRole("menuitem", { name: "Delete for good" }).click();
    await page.getByText("Nobody has said anything yet").waitFor();
    assert.deepEqual((await api(`/emails/${LOCKED}/comments`)).items, []);
  });

  await step(
    "a template is exported as an archive, and comes back under another name",
    async () => {
      await open(`/definitions/email_templates/${BRAND}`);
      await page.getByRole("button", { name: "Lock", exact: true }).waitFor();
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("link", { name: "Export" }).click(),
      ]);
      assert.equal(download.suggestedFilename(), `${BRAND}.zip`);
      await open("/content?tab=email-template");
      await page.getByRole("button", { name: "Import a design" }).click();
      await page.locator("input[type=file]").setInputFiles(await download.path());
      await dialog().getByLabel("Name").fill(`Back ${mark}`);
      await dialog().getByRole("button", { name: "Import", exact: true }).click();
      await dialog().getByRole("button", { name: "Open the template" }).click();
      await page.getByRole("heading", { name: `Back ${mark}`, level: 1 }).waitFor();
      const key = new URL(page.url()).pathname.split("/").at(-1);
      const [was, is] = [
        await api(`/email_templates/${BRAND}`),
        await api(`/email_templates/${key}`),
      ];
      assert.deepEqual([is.body, is.lock, is.subject], [was.body, was.lock, was.subject]);
    },
  );

  await step("records are offered where fields are inserted", async () => {
    await open(`/definitions/emails/${MAIL}`);
    await page.getByText("Code", { exact: true }).click();
    await page.getByRole("button", { name: "Insert a field" }).click();
    await page.getByPlaceholder("Search fields").fill("opportunit");
    await page
      .getByRole("button", { name: /one after another/ })
      .first()
      .click();
    const code = await page.getByLabel("MJML").inputValue();
    assert.ok(code.includes("{% for one in objects.opportunity %}{{ one.name }}"), code);
  });

  await step(
    "a signing key is made, shown for the DNS, and signs nothing before it stands there",
    async () => {
      await write("PUT", `/sending_domains/${BRAND}`, { domain: `${mark}.example` });
      await open(`/definitions/sending_domains/${BRAND}`);
      await page.getByRole("button", { name: "Make a key" }).click();
      const key = page.getByRole("region", { name: "Key c1" });
      await key.getByText(`c1._domainkey.${mark}.example`).waitFor();
      await key.getByText("v=DKIM1; k=rsa; p=", { exact: false }).waitFor();
      await key.getByRole("button", { name: "Look it up and sign with it" }).click();
      await key
        .getByText(/does not sign yet|asks no DNS/)
        .first()
        .waitFor();
      await key.getByRole("button", { name: "Forget it" }).click();
      await key.waitFor({ state: "detached" });
      // A receiver's report is uploaded, and shown by the address that mail came from.
      await page.getByText("Publish a policy", { exact: true }).waitFor();
      const now = Math.floor(Date.now() / 1000);
      const report = `<feedback><report_metadata><org_name>r.example</org_name><report_id>${mark}</report_id>
        <date_range><begin>${now - 90_000}</begin><end>${now - 3_600}</end></date_range></report_metadata>
        <policy_published><domain>${mark}.example</domain><p>none</p></policy_published>
        <record><row><source_ip>192.0.2.9</source_ip><count>4</count><policy_evaluated><dkim>pass</dkim>
        <spf>fail</spf></policy_evaluated></row><identifiers><header_from>${mark}.example</header_from></identifiers></record></feedback>`;
      const file = { name: "r.xml", mimeType: "text/xml", buffer: Buffer.from(report) };
      await page.getByLabel("A report of a receiver").setInputFiles(file);
      await page.getByText("Taken in: 4 messages.").waitFor();
      await page.getByText("192.0.2.9").waitFor();
      await page.getByText("Wait for more reports", { exact: true }).waitFor();
      // Senders outside of every sending domain are refused: the other walks have some.
      await write("DELETE", `/sending_domains/${BRAND}`);
    },
  );
});
