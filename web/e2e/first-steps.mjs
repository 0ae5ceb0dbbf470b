// The first five minutes: from an empty store, by the welcome's five steps alone, to a journey whose mail arrives.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { startMailServer } from "./smtp.mjs";
import { begin } from "./walk.mjs";

const { server, page, api, eventually, noBarriers, step, walk } = await begin();
const mailServer = await startMailServer();
mailServer.mend();
const card = (title) => page.getByRole("listitem").filter({ hasText: title });

/** A port at which nobody answers. */
async function deafPort() {
  const probe = createServer();
  await new Promise((listening) => probe.listen(0, "127.0.0.1", listening));
  const { port } = probe.address();
  await new Promise((closed) => probe.close(closed));
  return port;
}

await walk(async () => {
  await step("who signs in to an empty store is led through five steps", async () => {
    await page.goto(server.url);
    await page.getByLabel("Email").fill(server.email);
    await page.getByLabel("Password", { exact: true }).fill(server.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Welcome to Caravan", level: 1 }).waitFor();
    await noBarriers("the first steps");
  });

  await step("the organisation has its name and its address", async () => {
    await page.getByLabel("Organisation").fill("Northwind Robotics");
    await page.getByLabel("Postal address").fill("1 Harbour Street, 20457 Hamburg, Germany");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByLabel("Server").waitFor();
  });

  await step("a mail server that does not answer is told at once, and mended", async () => {
    const deaf = await deafPort();
    await page.getByLabel("Server").fill("127.0.0.1");
    await page.getByRole("combobox", { name: "Encryption" }).click();
    await page.getByRole("option", { name: /^None/ }).click();
    await page.getByLabel("Port").fill(String(deaf));
    await page.getByLabel("Sender's name").fill("Maria of Northwind");
    await page.getByLabel("Sender's address").fill("maria@northwind.example");
    await page.getByRole("button", { name: "Save and try" }).click();
    const alert = page.getByRole("alert");
    await alert.filter({ hasText: `Nothing answers at 127.0.0.1 port ${deaf}` }).waitFor();
    await noBarriers("a connection that does not work");

    // Opened again, the step shows what is kept.
    await page.reload();
    await page.getByRole("button", { name: "How mail leaves" }).click();
    await page.getByLabel("Sender's name").and(page.locator("[value^=Maria]")).waitFor();
    assert.equal(await page.getByLabel("Server").inputValue(), "127.0.0.1");
    assert.equal(await page.getByLabel("Port").inputValue(), String(deaf));
    await page.getByLabel("Port").fill(String(mailServer.port));
    await page.getByRole("button", { name: "Save and try" }).click();
    await page.getByRole("button", { name: "Take 60 sample companies" }).waitFor();
    const { settings } = await api("/connections/mail");
    assert.equal(settings.port, mailServer.port);
    assert.equal(settings.from.name, "Maria of Northwind");
  });

  await step("invented companies come in", async () => {
    await page.getByRole("button", { name: "Take 60 sample companies" }).click();
    await card("Whom you market to").getByText("60 accounts and 300 people.").waitFor();
  });

  await step("a journey that is ready opens as a draft, is reviewed and published", async () => {
    await page.getByRole("button", { name: "Use this: Welcome new accounts" }).click();
    await page.waitForURL(/\/journeys\/welcome-new-accounts/);
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByRole("dialog").getByText("would enter").first().waitFor();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: /^Publish/ })
      .click();
    await page.getByText("Counts are live").waitFor();
  });

  await step("its mail arrives, and the welcome says that its work is done", async () => {
    await eventually("mail arrives", () => assert.ok(mailServer.taken.length > 200));
    await page.goto(`${server.url}/welcome`);
    await page.getByText("A journey is running. This page has done its work.").waitFor();
  });
});
await mailServer.stop();
