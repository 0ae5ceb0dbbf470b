// Buying groups by hand: who is in one and as what, its stage and status, one by one and several at once. Every effect
// is read back from the API.
import assert from "node:assert/strict";
import { signIn } from "./browser.mjs";
import { writeMail } from "./mails.mjs";
import { begin } from "./walk.mjs";

const { server, context, page, api, write, eventually, noBarriers, step, walk } = await begin();
const mark = Date.now().toString(36);
const INTEREST = `interest-${mark}`;
const ACCOUNTS = ["a", "b", "c"].map((name) => `m-${mark}-${name}`);
const [ADA, BOB, CY] = ["ada", "bob", "cy"].map((name) => `${name}-${mark}`);
const MAIL = `by-hand-${mark}`;
const STATUS = `Warm ${mark}`;
const DECIDES = "Decision Maker";
const CHAMPION = "Champion";

const open = async (path) => {
  await page.goto(`${server.url}${path}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
};
const dialog = () => page.getByRole("dialog");
const bulk = () => page.getByRole("region", { name: "What to do with the chosen rows" });
const pick = (key) => page.getByLabel(`Choose ${key}`).check();
/** Its number says nothing: it is called by what it is about. */
const pickGroup = ({ account }) => pick(`Group ${account.key} — ${INTEREST}`);
const rowOf = (text) => page.getByRole("row").filter({ hasText: text });

async function choose(within, label, option) {
  await within.getByRole("combobox", { name: label }).click();
  await page.getByRole("option", { name: option, exact: true }).click();
}

/** Who is in a group, or was taken out, with the role. */
async function membersOf({ id }, removed = false) {
  const { items } = await api(`/buying_groups/${id}/members?removed=${removed}`);
  return Object.fromEntries(items.map(({ person, role }) => [person, role]));
}

/** The caught mail that was sent by hand here. */
const mails = async () => (await api(`/mail?q=${MAIL}`)).items;

/** A page that somebody looked at a minute ago. */
async function visitOf(person) {
  const at = new Date(Date.now() - 60_000).toISOString();
  const visit = { id: `visit-${person}`, type: "page_viewed", at, person_key: person };
  const { csrf } = await api("/session");
  const answer = await context.request.post(`${server.url}/api/v1/import/activities?format=jsonl`, {
    data: JSON.stringify(visit),
    headers: { "X-CSRF-Token": csrf, "Content-Type": "application/x-ndjson" },
  });
  assert.equal((await answer.json()).created, 1);
}

const totalOf = async (asked) => (await api(`/buying_groups?limit=1&${asked}`)).total;

/** Three accounts with a group each, in which nobody is: its roles are given by hand. */
async function makeGroups() {
  await write("PUT", `/roles_templates/roles-${mark}`, {
    roles: [{ role: DECIDES, required: true, weighting: "vital" }, { role: CHAMPION }],
    state: "live",
  });
  for (const key of ACCOUNTS) await write("PUT", `/accounts/${key}`, { name: `Group ${key}` });
  for (const key of [ADA, BOB, CY])
    await write("PUT", `/people/${key}`, {
      email: `${key}@acme.example`,
      first_name: key,
      account_key: ACCOUNTS[0],
      unsubscribed: key === BOB,
    });
  await write("PUT", `/account_lists/groups-${mark}`, {
    type: "static",
    state: "live",
    accounts: ACCOUNTS,
  });
  const [model] = (await api("/stage_models")).items;
  await write("PUT", `/solution_interests/${INTEREST}`, {
    name: INTEREST,
    roles_template: `roles-${mark}`,
    stage_model: model.key,
    create_for: { account_list: `groups-${mark}` },
  });
  await write("POST", `/solution_interests/${INTEREST}/create_groups`);
  return eventually("each account has its group", async () => {
    const { items } = await api(`/buying_groups?solution_interest=${INTEREST}`);
    assert.equal(items.length, ACCOUNTS.length);
    return ACCOUNTS.map((key) => items.find(({ account }) => account.key === key));
  });
}

await walk(async () => {
  await signIn(page, server);
  const groups = await makeGroups();
  const [group] = groups;
  const now = () => api(`/buying_groups/${group.id}`);

  await step("people of the account are added with a role", async () => {
    await open(`/groups/${group.id}?tab=members`);
    await page.getByText("Nobody is in this group yet").waitFor();
    await page.getByRole("button", { name: "Add people" }).click();
    const send = dialog().getByRole("button", { name: "Add people" });
    assert.ok(await send.isDisabled(), "nobody without a role");
    for (const key of [ADA, BOB]) {
      await dialog().getByLabel("People of the account").and(page.locator("input")).fill(key);
      await page.getByRole("option", { name: key, exact: true }).click();
    }
    await page.keyboard.press("Tab");
    await choose(dialog(), "Role", DECIDES);
    await noBarriers("adding people to a group");
    await send.click();
    for (const key of [ADA, BOB]) await rowOf(key).getByText(DECIDES).waitFor();
    assert.deepEqual(await membersOf(group), { [ADA]: DECIDES, [BOB]: DECIDES });
    assert.equal((await now()).completeness, 100, "its required role is filled");
    await noBarriers("the members of a group");
  });

  await step("one of them gets another role", async () => {
    await pick(BOB);
    await bulk().getByText("1 chosen").waitFor();
    await bulk().getByRole("button", { name: "Change role" }).click();
    await choose(dialog(), "Role", CHAMPION);
    await noBarriers("changing a role");
    await dialog().getByRole("button", { name: "Save" }).click();
    await rowOf(BOB).getByText(CHAMPION).waitFor();
    await bulk().waitFor({ state: "detached" });
    assert.deepEqual(await membersOf(group), { [ADA]: DECIDES, [BOB]: CHAMPION });
  });

  await step(
    "an email leaves by hand for whoever may be written to, and tells who may not",
    async () => {
      await writeMail({ api, write }, MAIL, MAIL);
      await page.reload();
      await pick(ADA);
      await pick(BOB);
      await bulk().getByRole("button", { name: "Send email" }).click();
      await dialog().getByText("Email to 2 people").waitFor();
      assert.ok(await dialog().getByRole("button", { name: "Send" }).isDisabled());
      await dialog().getByRole("combobox", { name: "Email" }).fill(MAIL);
      await page.getByRole("option", { name: MAIL, exact: true }).click();
      await noBarriers("an email by hand");
      await dialog().getByRole("button", { name: "Send" }).click();
      await dialog().getByText("One email is on its way").waitFor();
      await dialog().getByText("One person gets none").waitFor();
      await dialog().getByRole("listitem").filter({ hasText: BOB }).waitFor();
      await noBarriers("who gets the email, and who does not");
      await dialog().getByRole("button", { name: "Done" }).click();
      await bulk().waitFor({ state: "detached" });
      await eventually("it arrives", async () => assert.equal((await mails()).length, 1));
      assert.deepEqual((await mails())[0].to, [`${ADA}@acme.example`]);
    },
  );

  await step(
    "an account's page counts who covers which role, and a number opens them",
    async () => {
      await open(`/accounts/${ACCOUNTS[0]}?tab=groups`);
      const coverage = page.getByRole("table", { name: "Who covers which role" });
      const cell = (role) => `1 person has the role ${role} for ${INTEREST}`;
      await coverage.getByRole("button", { name: cell(DECIDES) }).waitFor();
      await noBarriers("who covers which role");
      await coverage.getByRole("button", { name: cell(CHAMPION) }).click();
      await dialog()
        .getByRole("heading", { name: `${CHAMPION} for ${INTEREST}` })
        .waitFor();
      await dialog().getByRole("link", { name: BOB }).waitFor();
      await noBarriers("the people of a role");
      await choose(dialog(), "Active within", "7 days");
      await dialog().getByText("Nobody in this role did anything in that time.").waitFor();
      await visitOf(BOB);
      await page.reload();
      await coverage.getByRole("button", { name: cell(CHAMPION) }).click();
      await choose(dialog(), "Active within", "7 days");
      await dialog().getByRole("row").filter({ hasText: BOB }).getByRole("time").waitFor();
    },
  );

  await step("everyone of an account is written to from its page, one from theirs", async () => {
    const before = (await mails()).length;
    const sendTo = async (whom) => {
      await dialog().getByText(`Email to ${whom}`).waitFor();
      await dialog().getByRole("combobox", { name: "Email" }).fill(MAIL);
      await page.getByRole("option", { name: MAIL, exact: true }).click();
      await dialog().getByRole("button", { name: "Send" }).click();
    };
    await open(`/accounts/${ACCOUNTS[0]}?tab=people`);
    await page.getByRole("button", { name: "Email everyone" }).click();
    await sendTo(`everyone at Group ${ACCOUNTS[0]}`);
    await dialog().getByText("2 emails are on their way").waitFor();
    await dialog().getByRole("listitem").filter({ hasText: BOB }).waitFor();
    await dialog().getByRole("button", { name: "Done" }).click();
    await open(`/people/${CY}`);
    await page.getByRole("button", { name: "Send email" }).click();
    await sendTo(CY);
    await dialog().getByText("One email is on its way").waitFor();
    await dialog().getByRole("button", { name: "Done" }).click();
    await eventually("they arrive", async () => assert.equal((await mails()).length, before + 3));
    await open(`/people/${BOB}`);
    await page.getByRole("button", { name: "Send email" }).click();
    await sendTo(BOB);
    await dialog().getByRole("alert").getByText("they have opted out").waitFor();
    await open(`/groups/${group.id}?tab=members`);
  });

  await step("one is taken out, listed as such, and put back with a role", async () => {
    await pick(ADA);
    await bulk().getByRole("button", { name: "Take out" }).click();
    await rowOf(ADA).waitFor({ state: "detached" });
    assert.deepEqual(await membersOf(group), { [BOB]: CHAMPION });
    assert.deepEqual(Object.keys(await membersOf(group, true)), [ADA]);
    assert.deepEqual((await now()).missing_roles, [DECIDES]);
    await page.getByRole("tab", { name: "Overview" }).click();
    await page.getByText(`Nobody is ${DECIDES} yet`).waitFor();
    await noBarriers("a group that lacks a role");
    await page.getByRole("tab", { name: "Taken out" }).click();
    await rowOf(ADA).waitFor();
    assert.equal(await rowOf(BOB).count(), 0);
    await noBarriers("who was taken out");
    await pick(ADA);
    await bulk().getByRole("button", { name: "Add people" }).click();
    await choose(dialog(), "Role", DECIDES);
    await dialog().getByRole("button", { name: "Save" }).click();
    await page.getByText("Nobody was taken out").waitFor();
    assert.deepEqual(await membersOf(group), { [ADA]: DECIDES, [BOB]: CHAMPION });
    assert.deepEqual(await membersOf(group, true), {});
  });

  await step("a group is moved to a stage, and its page tells the move", async () => {
    await open(`/groups/${group.id}`);
    await page.getByText("It has not been moved yet.").waitFor();
    await page.getByRole("button", { name: "Move to a stage" }).click();
    await choose(dialog(), "Stage", "Aware");
    await noBarriers("moving a group");
    await dialog().getByRole("button", { name: "Save" }).click();
    await page.getByText("no stage → Aware").waitFor();
    const { stage, stages } = await now();
    assert.deepEqual([stage, stages.map((move) => move.new)], ["Aware", ["Aware"]]);
    await page.getByRole("button", { name: "Move to a stage" }).click();
    await dialog().getByRole("combobox", { name: "Stage" }).click();
    await page.getByRole("option", { name: "Engaged", exact: true }).waitFor();
    for (const [stage, why] of [
      ["Aware", "Stands there already"],
      ["Evaluating", "The model does not lead there from Aware"],
    ]) {
      const barred = page.getByRole("option", { name: `${stage} ${why}` });
      await barred.waitFor();
      assert.equal(await barred.getAttribute("data-combobox-disabled"), "true", stage);
    }
    await noBarriers("stages that are open and barred");
    await page.keyboard.press("Escape");
    await dialog().getByRole("button", { name: "Cancel" }).click();
  });

  await step("a status is written", async () => {
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Write a status" }).click();
    await dialog().getByLabel("Status").fill(STATUS);
    await noBarriers("writing a status");
    await dialog().getByRole("button", { name: "Save" }).click();
    await page.getByRole("main").getByText(STATUS).waitFor();
    assert.equal((await now()).status, STATUS);
  });

  await step("several groups are moved together, and who is refused is told by name", async () => {
    const [alpha, beta, gamma] = groups;
    const stageOf = async ({ id }) => (await api(`/buying_groups/${id}`)).stage ?? null;
    const move = async (two, stage, told) => {
      for (const each of two) await pickGroup(each);
      await bulk().getByText("2 chosen").waitFor();
      await bulk().getByRole("button", { name: "Move to a stage" }).click();
      await dialog().getByText("Move 2 buying groups to a stage").waitFor();
      await choose(dialog(), "Stage", stage);
      if (told) await dialog().getByText(told).waitFor();
      await dialog().getByRole("button", { name: "Save" }).click();
    };
    await open(`/groups?q=${mark}`);
    await move([beta, gamma], "Aware");
    await page.getByText("2 groups are changed").waitFor();
    await bulk().waitFor({ state: "detached" });
    for (const each of [beta, gamma]) {
      await rowOf(each.name).getByText("Aware").waitFor();
      assert.equal(await stageOf(each), "Aware");
    }
    await write("PUT", `/accounts/${ACCOUNTS[1]}/buying_groups/${INTEREST}/stage`, {
      stage: "Engaged",
    });
    await page.reload();
    await move([alpha, beta], "Evaluating", "1 of 2 may move there");
    const refused = dialog().getByRole("listitem");
    await refused.filter({ hasText: alpha.name }).getByText("does not lead from").waitFor();
    assert.equal(await refused.count(), 1);
    await noBarriers("moving several groups");
    await dialog().getByRole("button", { name: "Cancel" }).click();
    await rowOf(beta.name).getByText("Evaluating").waitFor();
    assert.deepEqual([await stageOf(alpha), await stageOf(beta)], ["Aware", "Evaluating"]);
  });

  await step(
    "the list is narrowed by what the API narrows it by, and counts as it does",
    async () => {
      await write("POST", "/engagement/score");
      await eventually("some are engaged", async () =>
        assert.ok((await totalOf("engagement_from=1")) > 0),
      );
      const all = await totalOf("");
      const main = page.getByRole("main");
      const filters = page.getByRole("dialog", { name: "Filters" });
      const show = () => page.getByRole("button", { name: /^Filters/ }).click();
      /** How many the list says there are. */
      const told = async () => {
        const words = await main.getByText(/ in all$/).textContent({ timeout: 1_000 });
        return Number(words.replaceAll(/\D/g, ""));
      };
      /** The list tells as many as the API has, who are some of all. */
      const counts = (asked, filtered) =>
        eventually(asked, async () => {
          const total = await totalOf(asked);
          assert.ok(total > 0 && total < all, `${total} of ${all}`);
          await page.getByRole("button", { name: `Filters · ${filtered}` }).waitFor();
          assert.equal(await told(), total);
        });
      const cleared = async () => {
        await filters.getByRole("button", { name: "Clear all filters" }).click();
        await page.getByRole("button", { name: "Filters", exact: true }).waitFor();
        await eventually("all are listed", async () => assert.ok((await told()) >= all));
        await open("/groups");
      };
      await open("/groups");
      await show();
      await filters.getByLabel("Status").fill(STATUS);
      await counts(`status=${encodeURIComponent(STATUS)}`, 1);
      await rowOf(group.name).waitFor();
      await noBarriers("the filters of buying groups");
      await cleared();

      await show();
      await choose(filters, "Role that is filled", CHAMPION);
      await counts(`present_role=${CHAMPION}`, 1);
      await filters.getByLabel("Completeness from").fill("50");
      await counts(`present_role=${CHAMPION}&completeness_from=50`, 2);
      await cleared();

      await show();
      await filters.getByLabel("Completeness up to").fill("50");
      await counts("completeness_to=50", 1);
      await cleared();

      await show();
      await filters.getByLabel("Engagement from").fill("1");
      await counts("engagement_from=1", 1);
      await page.reload();
      await counts("engagement_from=1", 1);
    },
  );

  await step("a person's page gives them a role in a group, another one, and none", async () => {
    const champions = async () => Object.keys(await membersOf(group)).includes(CY);
    await open(`/people/${CY}`);
    await page.getByRole("button", { name: "Add to a buying group" }).click();
    await choose(dialog(), "Role", CHAMPION);
    await noBarriers("a role for a person");
    await dialog().getByRole("button", { name: "Save" }).click();
    const table = page.getByRole("table", { name: "Buying groups" });
    await table.getByText(CHAMPION).waitFor();
    assert.ok(await champions());
    const actions = table.getByRole("button", { name: `Actions for ${INTEREST}` });
    await actions.click();
    await page.getByRole("menuitem", { name: "Change role" }).click();
    await choose(dialog(), "Role", DECIDES);
    await dialog().getByRole("button", { name: "Save" }).click();
    await table.getByText(DECIDES).waitFor();
    await actions.click();
    await page.getByRole("menuitem", { name: "Take out" }).click();
    await page.getByText("This person is in no buying group.").waitFor();
    assert.ok(!(await champions()));
  });

  await step("a group is put away from its page, and two from the list", async () => {
    const gone = async ({ id }) => {
      const { items } = await api(`/buying_groups?solution_interest=${INTEREST}`);
      return !items.some((each) => each.id === id);
    };
    await open(`/groups/${group.id}`);
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Put away" }).click();
    await dialog().getByText("Put this buying group away?").waitFor();
    await noBarriers("putting a group away");
    await dialog().getByRole("button", { name: "Put away" }).click();
    await page.getByRole("heading", { name: "Buying groups", level: 1 }).waitFor();
    await eventually("it is away", async () => assert.ok(await gone(group)));

    const [, beta, gamma] = groups;
    await open(`/groups?q=${mark}`);
    await rowOf(beta.name).waitFor();
    assert.equal(await rowOf(group.name).count(), 0);
    for (const each of [beta, gamma]) await pickGroup(each);
    await bulk().getByRole("button", { name: "Put away" }).click();
    await dialog().getByText("Put these 2 buying groups away?").waitFor();
    await noBarriers("putting several groups away");
    await dialog().getByRole("button", { name: "Put away" }).click();
    await page.getByText(`Nothing matches “${mark}”`).waitFor();
    for (const each of [beta, gamma]) assert.ok(await gone(each), each.name);
  });
});
