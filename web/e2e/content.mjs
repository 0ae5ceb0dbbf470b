// What is done with content beside writing it: bringing a change into live journeys, and taking in a design from elsewhere.
import assert from "node:assert/strict";
import { signIn } from "./browser.mjs";
import { begin } from "./walk.mjs";

const { server, page, api, write, noBarriers, step, walk } = await begin();
const mark = Date.now().toString(36);
const MAIL = `frozen-${mark}`;
const DESIGN = `design-${mark}`;

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
});
