// Designing without code: variants of a block and of a column, fragments with fields that stand open, content that becomes a
// fragment or a template, and comments beside code.
import assert from "node:assert/strict";
import { signIn } from "./browser.mjs";
import { begin } from "./walk.mjs";

const { server, context, page, api, write, eventually, noBarriers, step, walk } = await begin();
const mark = Date.now().toString(36);
const MAIL = `designed-${mark}`;
const OFFER = `offer-${mark}`;
const OFFER_NAME = `Offer ${mark}`;
const FOOT = `foot ${mark}`;
const FOOT_KEY = `foot-${mark}`;

const canvas = () => page.frameLocator("iframe.gjs-frame");
const dialog = () => page.getByRole("dialog");
const button = (name) => page.getByRole("button", { name, exact: true });

async function open(path, shown) {
  await page.goto(`${server.url}${path}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  if (shown) await canvas().getByText(shown).first().waitFor();
}

async function save(name = "Save") {
  await button(name).click();
  await page.getByText("Not saved", { exact: false }).waitFor({ state: "detached" });
}

/** The saved content, without the white space between elements. */
const mjml = async (key = MAIL, plural = "emails") =>
  (await api(`/${plural}/${key}`)).body.mjml.replaceAll(/\s*\n\s*/g, "");

async function choose(label, option) {
  await dialog().getByLabel(label, { exact: true }).click();
  await page.getByRole("option", { name: option, exact: true }).click();
}

const shot = (name) =>
  process.env.SHOTS ? page.screenshot({ path: `${process.env.SHOTS}/design-${name}.png` }) : null;

await walk(async () => {
  await signIn(page, server);
  const { connection } = await api(`/emails/${(await api("/emails?limit=1")).items[0].key}`);
  const section = (inside) => `<mj-section>${inside}</mj-section>`;
  const column = (text) => `<mj-column><mj-text>${text}</mj-text></mj-column>`;
  const country = (code) => ({
    subject: "person",
    when: { person: "country", is: code },
  });
  await write("PUT", `/emails/${MAIL}`, {
    connection,
    subject: "{% if condition.german %}Hallo{% else %}Hello{% endif %}",
    preheader: "In short",
    conditions: { german: country("DE"), french: country("FR") },
    body: {
      mjml: `<mjml><mj-body>${section(column("Welcome"))}${section(column("Left") + column("Right"))}${section(
        column('Legal. <a href="{{ system.unsubscribe_url }}">Unsubscribe</a>'),
      )}</mj-body></mjml>`,
    },
  });

  await step(
    "a text gets variants, which are added, put in order, renamed and deleted",
    async () => {
      await open(`/definitions/emails/${MAIL}`, "Welcome");
      await button("Variants").click();
      await page.getByText("Choose a block, a column or a section in the design first.").waitFor();
      await canvas().getByText("Welcome").click();
      await button("Variants").click();
      await dialog().getByText("This block").waitFor();
      await button("Add a variant").click();
      assert.ok(await button("Apply").isDisabled(), "a variant without a condition");
      await choose("Condition of variant 1", "german");
      await button("Add a variant").click();
      await choose("Condition of variant 2", "german");
      await dialog()
        .getByText("Two variants ask for the same condition", { exact: false })
        .waitFor();
      await choose("Condition of variant 2", "french");
      await noBarriers("the variants of a block");
      await shot("variants");
      await button("Apply").click();
      await canvas().getByText("Only if german").waitFor();
      assert.equal(await canvas().getByText("Welcome").count(), 3);
      await canvas().getByText("Welcome").nth(1).dblclick();
      await page.keyboard.press("Control+a");
      await page.keyboard.type("Bienvenue");
      await canvas().getByText("Only if german").click();
      await page.getByText("What stands here depends on who reads it.").waitFor();
      // It cannot be taken away without the others: the canvas offers no bin for it.
      const offered = page.locator(".gjs-toolbar-item:visible");
      await eventually("no bin", async () => assert.equal(await offered.count(), 2));
      await shot("chosen-variant");
      await button("Edit variants …").click();
      await dialog()
        .getByText("The first variant whose condition holds", { exact: false })
        .waitFor();
      await button("Variant 2 comes earlier").click();
      await button("Rename german").click();
      await dialog().last().getByLabel("Name").fill("germany");
      await dialog().last().getByRole("button", { name: "Save" }).click();
      await button("Rename germany").waitFor();
      await button("Apply").click();
      await canvas().getByText("Only if french").waitFor();
      await save();
      const saved = await api(`/emails/${MAIL}`);
      assert.equal(saved.subject, "{% if condition.germany %}Hallo{% else %}Hello{% endif %}");
      assert.deepEqual(Object.keys(saved.conditions), ["germany", "french"]);
      assert.match(
        await mjml(),
        /\{% if condition\.french %\}<mj-text[^>]*>Bienvenue<\/mj-text>\{% elif condition\.germany %\}<mj-text[^>]*>Welcome<\/mj-text>\{% else %\}<mj-text[^>]*>Welcome<\/mj-text>\{% endif %\}/,
      );
    },
  );

  await step("the preview brings any variant about, whoever looks at it", async () => {
    await page.getByText("Preview", { exact: true }).click();
    const variant = page.getByRole("combobox", { name: "Variant", exact: true });
    const frame = page.frameLocator("iframe[title^='Preview:']");
    const pick = async (name) => {
      await variant.click();
      await page.getByRole("option", { name, exact: true }).click();
    };
    await pick("french");
    await frame.getByText("Bienvenue", { exact: false }).waitFor();
    await pick("Everybody else");
    await frame.getByText("Bienvenue", { exact: false }).waitFor({ state: "detached" });
    await frame.getByText("Welcome").waitFor();
    await noBarriers("a preview with variants");
    await shot("preview");
    await pick("As for this person");
    await page.getByText("(forced)", { exact: false }).first().waitFor({ state: "detached" });
  });

  await step(
    "a column and a section depend as a block does, and the width of columns stays",
    async () => {
      await page.getByText("Design", { exact: true }).click();
      await canvas().getByText("Right").click();
      await button("Variants").click();
      await dialog().getByText("Its column").click();
      await button("Add a variant").click();
      await choose("Condition of variant 1", "germany");
      await button("Apply").click();
      await eventually("the column is there twice", async () =>
        assert.equal(await canvas().getByText("Right").count(), 2),
      );
      await canvas().getByText("Legal.", { exact: false }).click();
      await button("Variants").click();
      await dialog().getByText("Its section").click();
      await button("Add a variant").click();
      await choose("Condition of variant 1", "french");
      await dialog().getByRole("switch", { name: "Everybody else sees something" }).uncheck();
      await button("Apply").click();
      await save();
      const saved = await mjml();
      assert.match(
        saved,
        /Left<\/mj-text><\/mj-column>\{% if condition\.germany %\}<mj-column[^>]*>.*?<\/mj-column>\{% else %\}<mj-column/,
      );
      assert.equal(saved.match(/<mj-column[^>]*width="50%"/g)?.length, 3, saved);
      assert.match(
        saved,
        /\{% if condition\.french %\}<mj-section[^>]*>.*Legal.*<\/mj-section>\{% endif %\}/,
      );
      const seen = async (conditions) =>
        (await (await write("POST", `/emails/${MAIL}/preview`, { conditions })).json()).html;
      const html = await seen({ germany: false, french: true });
      assert.ok(html.includes("Legal.") && html.split("Right").length === 2, html);
      assert.ok(!(await seen({ germany: false, french: false })).includes("Legal."));
      // Nothing depends on anything any more: the last variant is deleted.
      await canvas().getByText("Right").first().click();
      await button("Edit variants …").click();
      await button("Delete variant 1").click();
      await button("Apply").click();
      await eventually("one column is left", async () =>
        assert.equal(await canvas().getByText("Right").count(), 1),
      );
      await save();
      assert.ok(!(await mjml()).includes("{% if condition.germany %}<mj-column"));
    },
  );

  await step("a fragment leaves its text and its link open", async () => {
    await write("PUT", `/fragments/${OFFER}`, {
      state: "live",
      name: OFFER_NAME,
      body: {
        mjml: '<mj-text>Our offer</mj-text><mj-button href="https://acme.example/offer">Read on</mj-button>',
      },
    });
    await open(`/definitions/fragments/${OFFER}`, "Read on");
    await canvas().getByText("Read on").click();
    // What is drawn around a piece is not kept: it depends on nothing.
    await button("Variants").click();
    await dialog().getByText("Everybody else", { exact: true }).waitFor();
    assert.equal(await dialog().getByText("Its column").count(), 0);
    await button("Cancel").click();
    await button("Leave open").click();
    await dialog().getByRole("switch", { name: "Text", exact: true }).check();
    const called = (part) =>
      dialog().getByRole("group", { name: part, exact: true }).getByLabel("What it is called");
    await called("Text").fill("Words on the button");
    await dialog().getByRole("switch", { name: "Address of the link" }).check();
    await called("Address of the link").fill("Where it leads");
    await noBarriers("leaving fields of a fragment open");
    await shot("leave-open");
    await button("Apply").click();
    await canvas().getByText("{{ field.words_on_the_button }}").waitFor();
    await save("Publish changes");
    const { fields } = await api(`/fragments/${OFFER}`);
    assert.deepEqual(fields, {
      words_on_the_button: { label: "Words on the button", default: "Read on" },
      where_it_leads: { label: "Where it leads", default: "https://acme.example/offer" },
    });
    assert.match(
      await mjml(OFFER, "fragments"),
      /<mj-button href="\{\{ field\.where_it_leads \}\}"[^>]*>\{\{ field\.words_on_the_button \}\}<\/mj-button>/,
    );
  });

  await step(
    "an email fills them in, keeps that, and is told of fields that are gone",
    async () => {
      await open(`/definitions/emails/${MAIL}`, "Left");
      await canvas().getByText("Left").click();
      await button("Fragment").click();
      await page.getByRole("menuitem", { name: OFFER_NAME }).click();
      await canvas().getByText(`Fragment ${OFFER_NAME}`).click();
      await button("Fill in fields …").click();
      await dialog().getByLabel("Words on the button").fill(`Don't "wait"`);
      await dialog().getByText("not both", { exact: false }).waitFor();
      await dialog().getByLabel("Words on the button").fill("Go & see");
      await dialog()
        .getByLabel("Where it leads")
        .fill("https://acme.example/?a={{ account.key }}&b=1");
      await noBarriers("filling in a fragment");
      await shot("fill-in");
      await button("Fill in").click();
      await canvas().getByText("2 fields filled in", { exact: false }).waitFor();
      await shot("filled");
      await save();
      const tag = `{% include "${OFFER}" with words_on_the_button="Go & see", where_it_leads="https://acme.example/?a={{ account.key }}&b=1" %}`;
      assert.ok((await mjml()).includes(tag), await mjml());
      // The fragment itself may depend, too.
      await canvas().getByText(`Fragment ${OFFER_NAME}`, { exact: false }).click();
      await button("Variants").click();
      await button("Add a variant").click();
      await choose("Condition of variant 1", "germany");
      await dialog().getByRole("switch", { name: "Everybody else sees something" }).uncheck();
      await button("Apply").click();
      await save();
      assert.ok(
        (await mjml()).includes(`{% if condition.germany %}${tag}{% endif %}`),
        await mjml(),
      );
      await canvas().getByText(`Fragment ${OFFER_NAME}`, { exact: false }).click();
      await button("Edit variants …").click();
      await button("Delete variant 1").click();
      await dialog().getByRole("switch", { name: "Everybody else sees something" }).check();
      await button("Apply").click();
      await save();
      assert.ok((await mjml()).includes(`</mj-text>${tag}</mj-column>`), await mjml());
      // The author takes a field back: what is there is kept, and can be forgotten.
      const fragment = await api(`/fragments/${OFFER}`);
      const body = {
        mjml: fragment.body.mjml.replace("{{ field.where_it_leads }}", "https://b.example"),
      };
      const { where_it_leads: _, ...fields } = fragment.fields;
      await write("PUT", `/fragments/${OFFER}`, { ...fragment, body, fields });
      await open(`/definitions/emails/${MAIL}`, "Left");
      await canvas().getByText(`Fragment ${OFFER_NAME}`, { exact: false }).click();
      await button("Fill in fields …").click();
      await dialog().getByText("does not have these fields any more", { exact: false }).waitFor();
      await shot("gone");
      await button("Forget where_it_leads").click();
      await button("Fill in").click();
      await canvas().getByText("1 field filled in", { exact: false }).waitFor();
      await save();
      assert.ok((await mjml()).includes(`with words_on_the_button="Go & see" %}`), await mjml());
    },
  );

  await step("a fragment is drawn in the design, which keeps its tag alone", async () => {
    const drawn = canvas().frameLocator(`iframe[title^="Fragment ${OFFER_NAME}"]`);
    await drawn.getByText("Our offer").waitFor();
    await drawn.getByText("Go & see").waitFor();
    const ruin = { html: "<p>Hi</p><script>document.body.textContent = 'ruined'</script>" };
    await write("PUT", `/fragments/ruin-${mark}`, { state: "live", name: "Ruin", body: ruin });
    await write("PUT", `/fragments/later-${mark}`, { state: "draft", name: "Later", body: ruin });
    const email = await api(`/emails/${MAIL}`);
    const text = (tag) => `<mj-text>${tag}</mj-text>`;
    const [ruined, later, gone] = [
      text(`{% include "ruin-${mark}" %}`),
      text(`{% include "later-${mark}" %}`),
      text(`{% include "gone-${mark}" %}`),
    ];
    const body = {
      mjml: `<mjml><mj-body><mj-section><mj-column>${ruined}${later}${gone}</mj-column></mj-section></mj-body></mjml>`,
    };
    await write("PUT", `/emails/${MAIL}-drawn`, {
      connection: email.connection,
      subject: "Drawn",
      body: { mjml: body.mjml.replace(gone, "") },
    });
    await open(`/definitions/emails/${MAIL}-drawn`, "Fragment Ruin");
    await canvas().frameLocator('iframe[title="Fragment Ruin"]').getByText("Hi").waitFor();
    await canvas().getByText("has not been published", { exact: false }).waitFor();
    // Its link leads to the fragment beside the design, in which nothing is changed.
    const [beside] = await Promise.all([
      context.waitForEvent("page"),
      canvas().getByRole("link", { name: "Open fragment" }).first().click(),
    ]);
    await beside.waitForURL(`**/definitions/fragments/ruin-${mark}`);
    await beside.close();
    assert.ok(await button("Save").isDisabled(), "nothing is changed");
    await page.getByText("Code", { exact: true }).click();
    await page.getByRole("textbox", { name: "MJML" }).fill(body.mjml);
    await page.getByText("Design", { exact: true }).click();
    await canvas().getByText(`There is no fragment gone-${mark}.`, { exact: false }).waitFor();
    await noBarriers("fragments that are drawn");
    await shot("drawn");
    await page.getByText("Preview", { exact: true }).click();
    await page.getByText(`There is no fragment`, { exact: false }).first().waitFor();
    await page.getByText("Code", { exact: true }).click();
    await page.getByRole("textbox", { name: "MJML" }).fill(body.mjml.replace(gone, ""));
    await page.getByText("Not saved", { exact: false }).waitFor({ state: "detached" });
    await open(`/definitions/emails/${MAIL}`, "Left");
  });

  await step("a fragment becomes content of the email", async () => {
    await canvas().getByText(`Fragment ${OFFER_NAME}`, { exact: false }).click();
    await button("Break inheritance …").click();
    await dialog()
      .getByText("Later changes of the fragment do not reach it.", { exact: false })
      .waitFor();
    await noBarriers("breaking inheritance");
    await dialog().getByRole("button", { name: "Break inheritance", exact: true }).click();
    await canvas().getByText("Our offer").waitFor();
    await button("Undo").click();
    await canvas().getByText(`Fragment ${OFFER_NAME}`, { exact: false }).waitFor();
    assert.equal(await canvas().getByText("Our offer").count(), 0);
    await button("Redo").click();
    await canvas().getByText("Our offer").waitFor();
    await save();
    const saved = await mjml();
    assert.ok(!saved.includes("include"), saved);
    assert.match(saved, /<mj-button href="https:\/\/b\.example"[^>]*>Go &amp; see<\/mj-button>/);
  });

  await step("sections become a fragment, which takes their place", async () => {
    await canvas().getByText("Legal.", { exact: false }).click();
    await button("Fragment").click();
    await page.getByRole("menuitem", { name: "Save as fragment …" }).click();
    const sections = dialog().getByRole("checkbox");
    await eventually("the chosen section is ticked", async () =>
      assert.deepEqual(await sections.evaluateAll((all) => all.map((each) => each.checked)), [
        false,
        false,
        true,
      ]),
    );
    await sections.first().check();
    await dialog().getByText("These do not lie next to each other.", { exact: false }).waitFor();
    await sections.first().uncheck();
    await dialog().getByLabel("Name").fill(FOOT);
    await dialog().getByLabel("Description").fill("Below every mail");
    await noBarriers("saving sections as a fragment");
    await shot("save-fragment");
    await button("Save the fragment").click();
    await canvas().getByText(`Fragment ${FOOT}`).waitFor();
    await save();
    const fragment = await api(`/fragments/${FOOT_KEY}`);
    assert.deepEqual(
      [fragment.name, fragment.description, fragment.state, Object.keys(fragment.conditions)],
      [FOOT, "Below every mail", "live", ["french"]],
    );
    assert.match(fragment.body.mjml, /^\{% if condition\.french %\}\s*<mj-section[\s\S]*Legal/);
    assert.match(
      await mjml(),
      new RegExp(`</mj-section>\\{% include "${FOOT_KEY}" %\\}</mj-body>`),
    );
    // It is drawn in an editor of its own, too.
    await open(`/definitions/fragments/${FOOT_KEY}`, "Legal.");
  });

  await step("an email becomes a template", async () => {
    await open(`/definitions/emails/${MAIL}`, "Left");
    await button("Save as template").click();
    await dialog().getByLabel("Name").fill(`Pattern ${mark}`);
    await noBarriers("saving an email as a template");
    await shot("save-template");
    await dialog().getByRole("button", { name: "Save as template" }).click();
    await page.getByText(`The template Pattern ${mark} is there`, { exact: false }).waitFor();
    const [email, template] = [
      await api(`/emails/${MAIL}`),
      await api(`/email_templates/pattern-${mark}`),
    ];
    assert.deepEqual(
      [template.subject, template.body, template.conditions],
      [email.subject, email.body, email.conditions],
    );
    await page.getByRole("link", { name: "Open it" }).click();
    await page.getByRole("heading", { name: `Pattern ${mark}`, level: 1 }).waitFor();
  });

  await step("people comment on what is written as code", async () => {
    const key = `plain-${mark}`;
    const html = '<p>Plain <a href="{{ system.unsubscribe_url }}">Unsubscribe</a></p>';
    await write("PUT", `/emails/${key}`, { connection, subject: "Plain", body: { html } });
    await open(`/definitions/emails/${key}`);
    await page.getByLabel("HTML", { exact: true }).waitFor();
    await button("Comments").click();
    await page.getByRole("textbox", { name: "Comment" }).fill("Say more");
    await button("Comment").click();
    await page.getByText("About the whole").waitFor();
    await button("Comments (1)").waitFor();
    await noBarriers("comments beside code");
    await shot("comments-code");
    assert.equal((await api(`/emails/${key}/comments`)).items[0].text, "Say more");
  });
});
