// Two people draw the same journey: whoever saves second is warned, sees what differs, and decides; nothing is lost.
import assert from "node:assert/strict";
import { signIn } from "./browser.mjs";
import { begin } from "./walk.mjs";

const { server, context, page, api, write, eventually, noBarriers, step, walk } = await begin();
const key = `shared-${Date.now().toString(36)}`;
const manifest = {
  name: "Shared",
  subject: "account",
  entry: "pause",
  nodes: { pause: { type: "wait", duration: "1d", next: null } },
};
const address = `${server.url}/journeys/${key}?node=pause`;

async function setDuration(where, days) {
  const panel = where.getByRole("complementary");
  await panel.getByLabel("How long", { exact: false }).first().fill(String(days));
}
const stored = async () => (await api(`/journeys/${key}`)).nodes.pause.duration;

await walk(async () => {
  await signIn(page, server);
  await write("PUT", `/journeys/${key}?incomplete=true`, manifest);
  const other = await context.newPage();
  await page.goto(address);
  await other.goto(address);

  await step("the first change is saved by itself", async () => {
    await page.bringToFront();
    await setDuration(page, 2);
    await eventually("it is saved", async () => assert.equal(await stored(), "2d"));
  });

  await step("the second editor is warned, and shown what differs", async () => {
    await other.bringToFront();
    await setDuration(other, 3);
    await other.getByRole("alert").getByText("Someone else changed this journey").waitFor();
    await other.getByRole("button", { name: "Show what differs" }).click();
    const banner = other.getByRole("alert");
    await banner.locator("del").filter({ hasText: "3 days" }).waitFor();
    await banner.locator("ins").filter({ hasText: "2 days" }).waitFor();
    assert.equal(await stored(), "2d", "nothing was overwritten");
  });

  await step("their change is taken, and one's own can be had back", async () => {
    await other.getByRole("button", { name: "Take theirs" }).click();
    await other.getByRole("alert").waitFor({ state: "detached" });
    const field = other.getByRole("complementary").getByLabel("How long", { exact: false }).first();
    assert.equal(await field.inputValue(), "2");
    await other.getByRole("button", { name: "Undo" }).click();
    await eventually("one's own is saved", async () => assert.equal(await stored(), "3d"));
  });

  await step("the first editor is warned in turn", async () => {
    await page.bringToFront();
    await page.getByRole("alert").getByText("Someone else changed this journey").waitFor();
    await noBarriers("the warning");
    await page.getByRole("button", { name: "Keep mine" }).click();
    await eventually("mine is kept", async () => assert.equal(await stored(), "2d"));
  });
});
