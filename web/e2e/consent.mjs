// A connection that works by somebody's consent: from Connect to the other side's page and back, whatever is answered there.
import assert from "node:assert/strict";
import { signIn } from "./browser.mjs";
import { startLinkedIn } from "./linkedin.mjs";
import { begin } from "./walk.mjs";

const { server, page, api, write, noBarriers, step, walk } = await begin();
const linkedin = await startLinkedIn();
const ADS = `consented-${Date.now().toString(36)}`;

const state = () => api(`/connections/${ADS}/state`);
const consent = () => page.getByRole("region", { name: "Consent" });

async function open() {
  await page.goto(`${server.url}/definitions/connections/${ADS}`);
  await page.getByRole("heading", { name: ADS, level: 1 }).waitFor();
}

async function connect() {
  await consent().getByRole("button", { name: "Connect" }).click();
  await page
    .getByRole("heading", { name: "Caravan would like to manage your audiences" })
    .waitFor();
}

await walk(async () => {
  await signIn(page, server);
  const settings = { client_id: "caravan", base_url: linkedin.url };
  await write("PUT", `/connections/${ADS}`, { name: ADS, type: "linkedin", settings });

  await step("what must be set first is said", async () => {
    await open();
    await consent().getByText("Nobody consented here yet").waitFor();
    await consent().getByText("Before anybody can connect").waitFor();
    assert.ok(await consent().getByRole("button", { name: "Connect" }).isDisabled());
    await noBarriers("a connection that lacks a secret");
    await consent().getByRole("button", { name: "Set client_secret" }).click();
    await page.getByRole("dialog").getByLabel("New value").fill("hush");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await consent().getByText("Before anybody can connect").waitFor({ state: "detached" });
    assert.ok(await consent().getByRole("button", { name: "Connect" }).isEnabled());
    const help = page.getByText("asks a member of the ad account for the consent");
    assert.equal(await help.locator("em").innerText(), "Connect");
    assert.ok(!(await help.innerText()).includes("*"), "help is set, not shown as it is written");
    const { consent: told } = await state();
    await consent().getByText(told.redirect_address, { exact: true }).waitFor();
    linkedin.redirects.push(told.redirect_address);
    await noBarriers("a connection that nobody consented to");
  });

  await step("whoever cancels is led back to the connection, which has nothing new", async () => {
    await open();
    await connect();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("alert").getByText("The user cancelled the authorization").waitFor();
    await noBarriers("a consent that was refused");
    await page.getByRole("link", { name: `Back to the connection ${ADS}` }).click();
    await page.getByRole("heading", { name: ADS, level: 1 }).waitFor();
    const { secrets } = await state();
    assert.equal(secrets.find(({ name }) => name === "refresh_token").source, null);
  });

  await step(
    "whoever allows it has a connection that works, and tokens that nobody sees",
    async () => {
      await connect();
      await page.getByRole("button", { name: "Allow" }).click();
      await page.getByText("Connected. Signed in; the consent holds until").waitFor();
      await page.waitForURL(`**/definitions/connections/${ADS}`);
      await page.getByText("Works", { exact: true }).waitFor();
      const now = await state();
      assert.equal(now.health, "healthy");
      assert.ok(Date.parse(now.consent.ends_at) > Date.now() + 300 * 24 * 3_600_000);
      const kept = now.secrets.find(({ name }) => name === "refresh_token");
      assert.deepEqual([kept.source, kept.set_by], ["stored", server.email]);
      await page.getByText("Kept encrypted since").first().waitFor();
      assert.ok(!(await page.content()).includes("walk-refresh"), "it is never shown");
      await noBarriers("a connection that works by consent");
    },
  );

  await step("what came back counts once", async () => {
    await connect();
    const [back] = await Promise.all([
      page.waitForRequest((request) => request.url().startsWith(`${server.url}/consent?`)),
      page.getByRole("button", { name: "Allow" }).click(),
    ]);
    await page.getByText("Connected.").waitFor();
    await page.goto(back.url());
    await page.getByRole("alert").getByText("This answer was taken already").waitFor();
  });
});
await linkedin.stop();
