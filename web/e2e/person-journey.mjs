// A journey of people, drawn in the app from a people list that was made there: with the nodes that only people pass →
// published → a mail is clicked, a form is filled → each person's page tells where they went. And one that is entered by
// what somebody does.
import assert from "node:assert/strict";
import { signIn } from "./browser.mjs";
import { drawing } from "./draw.mjs";
import { clickIn, writeMail } from "./mails.mjs";
import { begin } from "./walk.mjs";

const walking = await begin();
const { server, page, api, write, eventually, noBarriers, step, walk } = walking;
const { panel, add, openMenu, choose, ask, saved } = drawing(walking);
const mark = Date.now().toString(36);
const LIST = `Travellers ${mark}`;
const MAIL = `To people ${mark}`;
const JOURNEY = `People walk ${mark}`;
const KEY = `people-walk-${mark}`;
const FOLLOWED = `Followed ${mark}`;
const FORM = `Webinar ${mark}`;
const NOTE = `Asked for a demo ${mark}`;
/** Who clicks, who fills a form in, and who does neither. */
const [ANN, BEA, CLEO] = ["ann", "bea", "cleo"].map((name) => `${name}-${mark}`);
const PEOPLE = [ANN, BEA, CLEO];
const ids = {};

const status = (key = KEY) => api(`/journeys/${key}/status`);
const card = (id) => page.locator(`.react-flow__node[data-id="${id}"]`);
const option = (name) => page.getByRole("option", { name, exact: true });

/** Begins a journey of people, as the dialog does; the map is open afterwards. */
async function beginJourney(name) {
  await page.goto(`${server.url}/journeys`);
  await page.getByRole("button", { name: "Create journey" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByRole("radio", { name: "People" }).check();
  await noBarriers("a new journey of people");
  await dialog.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByRole("heading", { name, level: 1 }).waitFor();
  await page
    .getByRole("button", { name: /^People audience/ })
    .first()
    .click();
}

async function publish(entering) {
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Next" }).click();
  const told = dialog.locator("[data-count=would-enter]");
  await told.waitFor();
  assert.equal(await told.textContent(), String(entering));
  await noBarriers("the review of a journey of people");
  await dialog.getByRole("button", { name: "Publish", exact: true }).click();
  await dialog.waitFor({ state: "detached" });
}

/** Somebody does something, as whatever sees it tells. */
const did = (person, type, fields) =>
  write("POST", "/import/activities?format=jsonl", {
    id: `${type}-${person}-${Date.now()}`,
    person_key: person,
    type,
    at: new Date().toISOString(),
    ...fields,
  });

/** What the open menu offers for `typed`. */
async function offered(typed) {
  await page.getByLabel("Type to find a node, an action or an event").fill(typed);
  const nothing = page.getByText("Nothing is called like that.");
  await page.getByRole("option").first().or(nothing).first().waitFor();
  return page.getByRole("option").locator("span:first-child").allTextContents();
}

await walk(async () => {
  await signIn(page, server);
  for (const key of PEOPLE)
    await write("PUT", `/people/${key}`, { email: `${key}@people.example`, first_name: key });
  await write("PUT", `/scores/interest-${mark}`, { name: `Interest ${mark}` });

  await step("a people list is made and filled by hand", async () => {
    await page.goto(`${server.url}/lists?tab=people-list`);
    await page.getByRole("button", { name: "Create people list" }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name", { exact: false }).first().fill(LIST);
    await dialog.getByRole("button", { name: "Create", exact: true }).click();
    await page.getByRole("heading", { name: LIST, level: 1 }).waitFor();
    const keys = page.getByPlaceholder("Type and press Enter");
    for (const key of PEOPLE) {
      await keys.fill(key);
      await keys.press("Enter");
    }
    await page.getByRole("button", { name: "Publish changes" }).click();
    await page.getByText("Published: journeys use it").waitFor();
    await noBarriers("a people list");
    const { items } = await api(`/people_lists/travellers-${mark}/members?limit=10`);
    assert.deepEqual(items.map(({ key }) => key).sort(), PEOPLE);
  });

  await step("a journey of people offers neither accounts nor what cannot run", async () => {
    await writeMail(walking, `people-${mark}`, MAIL);
    await beginJourney(JOURNEY);
    await choose("People list", LIST);
    const { actions } = await api("/catalogue");
    const ofAccounts = actions.filter(({ subject }) => subject === "account");
    assert.ok(ofAccounts.length > 5);
    await openMenu("/entry");
    for (const { label } of [
      ...ofAccounts,
      ...["External action", "External split", "Next best path"].map((label) => ({ label })),
    ])
      assert.ok(!(await offered(label)).includes(label), `${label} is offered`);
    assert.ok((await offered("Change Score")).includes("Change Score"));
    await page.keyboard.press("Escape");
    assert.equal((await api(`/journeys/${KEY}`)).subject, "person");
  });

  await step("it is drawn with the nodes that only people pass", async () => {
    ids.mail = await add("/entry", "Send email");
    await choose("Email", MAIL);
    ids.heard = await add(`/nodes/${ids.mail}/next`, "Email clicked");
    await panel().getByRole("button", { name: "Add an event" }).click();
    await panel().getByRole("combobox", { name: "Event" }).last().click();
    await option("Form filled").click();
    await panel().getByText("The first of these that happens counts.").waitFor();
    await panel().getByRole("combobox", { name: "Add a constraint" }).last().click();
    await option("Form").click();
    await panel().getByLabel("Value").last().fill(FORM);
    await page.keyboard.press("Enter");
    ids.split = await add(`/nodes/${ids.heard}/next`, "Split paths");
    await (await ask("First name", "contains", "ann"))
      .getByRole("button", { name: "Done" })
      .click();
    await panel().getByRole("switch", { name: "Other people" }).check();
    ids.score = await add(`/nodes/${ids.split}/paths/0/next`, "Change Score");
    await choose("Score", `Interest ${mark}`);
    await panel().getByLabel("Change").fill("+5");
    ids.value = await add(`/nodes/${ids.split}/other/next`, "Change Data Value");
    await choose("Attribute", "Job title");
    await panel().getByRole("textbox", { name: "Value" }).fill("Webinar guest");
    ids.merge = await add(`/nodes/${ids.score}/next`, "Merge");
    await panel().getByRole("checkbox").first().waitFor();
    for (const box of await panel().getByRole("checkbox").all()) await box.check();
    ids.moment = await add(`/nodes/${ids.merge}/next`, "Person Interesting Moment");
    await choose("Moment", "Milestone");
    await panel().getByLabel("Description").fill(NOTE);
    ids.wait = await add(`/nodes/${ids.moment}/next`, "Wait");
    await saved();
    await noBarriers("a journey of people");
    const { nodes } = await api(`/journeys/${KEY}`);
    assert.deepEqual(nodes[ids.heard].events, [
      { activity: "email_clicked" },
      { activity: "form_filled", where: { form: { is: FORM } } },
    ]);
    assert.equal(nodes[ids.split].by, "person");
    assert.equal(nodes[ids.value].value, "Webinar guest");
  });

  await step("it is published, and everybody on the list enters", async () => {
    await publish(PEOPLE.length);
    await eventually("all three listen", async () => {
      const { state, nodes } = await status();
      assert.equal(state, "live");
      assert.equal(nodes[ids.heard].current, PEOPLE.length);
    });
  });

  await step("one clicks and one fills the form in: each takes their own path", async () => {
    await clickIn(walking, MAIL, ANN);
    await did(BEA, "form_filled", { form: FORM });
    await did(CLEO, "form_filled", { form: "another" });
    await eventually("two wait, and one still listens", async () => {
      const { nodes } = await status();
      assert.deepEqual([nodes[ids.wait].current, nodes[ids.heard].current], [2, 1]);
      assert.deepEqual([nodes[ids.score].reached, nodes[ids.value].reached], [1, 1]);
    });
    assert.equal((await api(`/people/${BEA}`)).job_title, "Webinar guest");
    await page.goto(`${server.url}/journeys/${KEY}`);
    await page.getByRole("button", { name: "Fit the whole map" }).click();
    await eventually("every card tells the API's counts", async () => {
      const { nodes } = await status();
      for (const id of Object.values(ids))
        for (const count of ["reached", "current"]) {
          const text = await card(id).locator(`[data-count=${count}]`).first().textContent();
          assert.equal(Number(text.replaceAll(/\D/g, "")), nodes[id][count], `${id} ${count}`);
        }
    });
  });

  await step("a person's page tells where they stand, and what was done with them", async () => {
    const open = async (key) => {
      await page.goto(`${server.url}/people/${key}`);
      await page.getByRole("heading", { name: key, level: 1 }).waitFor();
      return page.getByRole("region", { name: "Journeys" });
    };
    const listening = await open(CLEO);
    await listening.getByText(/^Inside · .* or Form filled$/).waitFor();
    const trips = await open(BEA);
    await trips.getByText(/^Inside · Wait/).waitFor();
    await page.getByText("Webinar guest").first().waitFor();
    await page.getByRole("link", { name: LIST, exact: true }).waitFor();
    await noBarriers("a person inside a journey");
    await page.getByRole("tab", { name: "Timeline" }).click();
    await page.getByText(NOTE).waitFor();
    await page.getByText(FORM).waitFor();
    await page.getByRole("tab", { name: "Overview" }).click();
    await trips.getByRole("link", { name: JOURNEY }).click();
    await page.getByRole("heading", { name: "Timeline" }).waitFor();
    const { journeys } = await api(`/people/${BEA}`);
    const { id, node } = journeys.find(({ journey }) => journey === KEY);
    assert.equal(node, ids.wait);
    assert.equal(new URL(page.url()).pathname, `/journeys/${KEY}/travellers/${id}`);
  });

  await step("another is entered by what somebody does", async () => {
    const key = `followed-${mark}`;
    await beginJourney(FOLLOWED);
    await panel().getByText("Events", { exact: true }).click();
    await choose("Event", "Form filled");
    await panel().getByRole("combobox", { name: "Add a constraint" }).click();
    await option("Form").click();
    await panel().getByLabel("Value").fill(FORM);
    await page.keyboard.press("Enter");
    const wait = await add("/entry", "Wait");
    await saved();
    assert.deepEqual((await api(`/journeys/${key}`)).audience, {
      events: [{ activity: "form_filled", where: { form: { is: FORM } } }],
    });
    await publish(0);
    await did(ANN, "form_filled", { form: "another" });
    await did(CLEO, "form_filled", { form: FORM });
    await eventually("who filled that form in is inside", async () => {
      const { nodes } = await status(key);
      assert.equal(nodes[wait].current, 1);
    });
    const [inside] = (await api(`/journeys/${key}/travellers`)).items;
    assert.equal(inside.traveller.key, CLEO);
    await page.goto(`${server.url}/people/${CLEO}`);
    await page.getByRole("link", { name: FOLLOWED }).waitFor();
    await page.getByRole("link", { name: JOURNEY }).waitFor();
  });
});
