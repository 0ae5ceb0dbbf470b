// Times in the zone of whoever looks: what is typed in Tokyo is kept as the right instant, what is shown there names the
// zone, and the same pages in New York show the other.
import assert from "node:assert/strict";
import { signIn } from "./browser.mjs";
import { begin } from "./walk.mjs";

const { server, context, page, api, write, eventually, noBarriers, step, walk } = await begin();
const mark = Date.now().toString(36);
const DRAFT = `zoned-${mark}`;
const LIVE = `zoned-live-${mark}`;
const PERSON = `zoned-${mark}`;
const A_DAY = 24 * 3_600_000;
const YEAR = new Date().getUTCFullYear() + 1;

const TOKYO = { zone: "Asia/Tokyo", named: /GMT\+9$/ };
/** Winter or summer. */
const NEW_YORK = { zone: "America/New_York", named: /GMT-[45]$/ };

const settings = () => page.getByRole("complementary", { name: "Journey settings" });
const panel = () => page.getByRole("complementary");
const leaves = () => panel().locator("[data-leaves]");
const card = (id) => page.locator(`.react-flow__node[data-id="${id}"]`);
const manifest = (key = DRAFT) => api(`/journeys/${key}`);

// The page alone is moved: the server and this walk stay where they are.
const clock = await context.newCDPSession(page);
await clock.send("Emulation.setLocaleOverride", { locale: "en-GB" });
const moveTo = ({ zone }) => clock.send("Emulation.setTimezoneOverride", { timezoneId: zone });

const open = async (path) => {
  await page.goto(`${server.url}${path}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
};

async function openSettings() {
  await open(`/journeys/${DRAFT}`);
  await page.getByRole("button", { name: "Journey settings" }).click();
  await settings().waitFor();
}

/** An instant as the app tells it to somebody there. */
const told = (instant, { zone }) =>
  new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "numeric",
    minute: "2-digit",
    timeZoneName: "short",
  }).format(new Date(instant));

const startAndEnd = async () => [
  await settings().getByLabel("Start").inputValue(),
  await settings().getByLabel("End").inputValue(),
];

/** The traveller of the live journey, and what the API tells of its trip. */
async function trip() {
  const [{ id }] = (await api(`/journeys/${LIVE}/travellers`)).items;
  return { id, ...(await api(`/journeys/${LIVE}/travellers/${id}/timeline`)) };
}

async function setTheScene() {
  const pause = { type: "wait", duration: "9d", next: null };
  await write("PUT", `/people/${PERSON}`, { email: `${PERSON}@acme.example`, first_name: "Zoë" });
  await write("PUT", `/people_lists/${LIVE}`, { type: "static", state: "live", people: [PERSON] });
  const journey = { subject: "person", audience: { people_list: LIVE }, entry: "pause" };
  await write("PUT", `/journeys/${DRAFT}`, {
    ...journey,
    nodes: { pause },
    end: new Date(Date.now() + 90 * A_DAY).toISOString(),
  });
  await write("PUT", `/journeys/${LIVE}`, {
    ...journey,
    nodes: { pause },
    end: new Date(Date.now() + 90 * A_DAY).toISOString(),
  });
  await write("POST", `/journeys/${LIVE}/publish`, {});
}

/** The trip's page as it is read there. */
async function readTrip(place) {
  const { id, entered_at, waiting, items } = await trip();
  const { due_at } = (await api(`/journeys/${LIVE}/travellers`)).items[0];
  assert.equal(Date.parse(due_at), Date.parse(waiting.until));
  await open(`/journeys/${LIVE}/travellers/${id}`);
  assert.match(told(waiting.until, place), place.named);
  await page.getByText(`until ${told(waiting.until, place)} (in 9 days)`).waitFor();
  await page.getByText(`Entered ${told(entered_at, place)}`).waitFor();
  const times = page.getByRole("list").locator("time");
  const instants = await times.evaluateAll((all) => all.map(({ dateTime }) => dateTime));
  assert.deepEqual(
    instants,
    items.map(({ at }) => at),
  );
  for (const [n, at] of instants.entries()) {
    await times.nth(n).hover();
    await page.getByRole("tooltip").getByText(told(at, place), { exact: true }).waitFor();
  }
  await page.mouse.move(0, 0);
  // The list of travellers tells when it goes on, and hovering tells it exactly.
  await open(`/journeys/${LIVE}/travellers`);
  await page.getByRole("row").filter({ hasText: "Zoë" }).locator("time").last().hover();
  await page.getByRole("tooltip").getByText(told(due_at, place), { exact: true }).waitFor();
}

await walk(async () => {
  await moveTo(TOKYO);
  await signIn(page, server);
  await setTheScene();

  await step("a start and an end typed in Tokyo are kept as those instants", async () => {
    assert.equal(await page.evaluate(() => new Date(0).getHours()), 9);
    await openSettings();
    await settings().getByLabel("Start").fill(`${YEAR}-01-10T09:30`);
    await settings().getByLabel("End").fill(`${YEAR}-07-01T00:00`);
    await eventually("they are kept", async () => {
      const { start, end } = await manifest();
      assert.deepEqual([start, end], [`${YEAR}-01-10T00:30:00Z`, `${YEAR}-06-30T15:00:00Z`]);
    });
    await noBarriers("the settings of a journey in Tokyo");
    await openSettings();
    assert.deepEqual(await startAndEnd(), [`${YEAR}-01-10T09:30`, `${YEAR}-07-01T00:00`]);
    // In Tokyo the journey ends on another day than in Greenwich.
    await page
      .locator("header, main")
      .getByText(`1 Jul ${YEAR}`, { exact: false })
      .first()
      .waitFor();
  });

  await step("a wait tells in Tokyo's time when somebody leaves", async () => {
    await open(`/journeys/${DRAFT}?node=pause`);
    await panel().getByText("Until a date", { exact: true }).click();
    await panel().getByLabel("Until when").fill(`${YEAR}-02-03T18:45`);
    const until = `${YEAR}-02-03T09:45:00Z`;
    await eventually("it is kept", async () =>
      assert.equal((await manifest()).nodes.pause.until, until),
    );
    const words = `Someone arriving now leaves on ${told(until, TOKYO)}.`;
    assert.match(words, new RegExp(`leaves on 3 Feb ${YEAR},? 18:45 GMT\\+9\\.$`));
    await leaves().filter({ hasText: words }).waitFor();
    const { ends_at } = await (await write("POST", "/waits/preview", { until })).json();
    assert.equal(Date.parse(await leaves().getAttribute("data-leaves")), Date.parse(ends_at));
    await noBarriers("a wait until a date");
    // What the server says on the card is told there, too.
    await card("pause")
      .getByText(`until ${told(until, TOKYO)}`, { exact: true })
      .waitFor();
    assert.doesNotMatch(await card("pause").textContent(), /UTC|\dZ/);
  });

  await step("a time of day of the organisation is told in Tokyo's", async () => {
    await panel().getByText("For a duration", { exact: true }).click();
    await panel().getByRole("switch", { name: "Must end on" }).check();
    await panel().getByLabel("Time of day").fill("09:00");
    await eventually("the server's answer is told", async () => {
      const { duration, must_end_on } = (await manifest()).nodes.pause;
      assert.equal(must_end_on.time, "09:00");
      const asked = { duration, must_end_on };
      const { ends_at } = await (await write("POST", "/waits/preview", asked)).json();
      const { time_zone } = await api("/settings/settings");
      const there = told(ends_at, { zone: time_zone });
      assert.match(there, / 09:00 /);
      assert.notEqual(there, told(ends_at, TOKYO));
      const sentence = await leaves().textContent();
      assert.ok(sentence.includes(`leaves on ${told(ends_at, TOKYO)}.`), sentence);
      assert.match(sentence, /GMT\+9/);
      // The card names the clock on which it is nine.
      await card("pause").getByText(`at 09:00 (${time_zone})`, { exact: false }).waitFor();
    });
  });

  await step("a trip's due time and its timeline are told in Tokyo's time", async () => {
    await eventually("somebody waits", async () => assert.ok((await trip()).waiting?.until));
    await readTrip(TOKYO);
    await noBarriers("a list of travellers in Tokyo");
  });

  await step(
    "times are told exactly on every page once that is asked for by keyboard",
    async () => {
      const { due_at } = (await api(`/journeys/${LIVE}/travellers`)).items[0];
      const time = page.getByRole("row").filter({ hasText: "Zoë" }).locator("time").last();
      const choose = async (name) => {
        await page.getByRole("button", { name: /^Account menu of / }).press("Enter");
        await page.getByRole("menuitem", { name }).press("Enter");
      };
      await choose("Show exact times");
      await eventually("it is told", async () =>
        assert.equal(await time.textContent(), told(due_at, TOKYO)),
      );
      await noBarriers("travellers with exact times");
      await choose("Show times in words");
      await time.getByText("in 9 days").waitFor();
    },
  );

  await step("the same pages in New York tell New York's time", async () => {
    await moveTo(NEW_YORK);
    await readTrip(NEW_YORK);
    await openSettings();
    // Winter at its start, summer at its end.
    assert.deepEqual(await startAndEnd(), [`${YEAR}-01-09T19:30`, `${YEAR}-06-30T11:00`]);
    await page
      .locator("header, main")
      .getByText(`30 Jun ${YEAR}`, { exact: false })
      .first()
      .waitFor();
    await open(`/journeys/${DRAFT}?node=pause`);
    const { duration, must_end_on } = (await manifest()).nodes.pause;
    const asked = { duration, must_end_on };
    const { ends_at } = await (await write("POST", "/waits/preview", asked)).json();
    await leaves()
      .filter({ hasText: `leaves on ${told(ends_at, NEW_YORK)}.` })
      .waitFor();
    assert.notEqual(told(ends_at, NEW_YORK), told(ends_at, TOKYO));
  });

  await step(
    "what is typed in New York is kept as its instant, in winter and in summer",
    async () => {
      await openSettings();
      await settings().getByLabel("Start").fill(`${YEAR}-01-20T08:00`);
      await settings().getByLabel("End").fill(`${YEAR}-07-20T08:00`);
      await eventually("they are kept", async () => {
        const { start, end } = await manifest();
        assert.deepEqual([start, end], [`${YEAR}-01-20T13:00:00Z`, `${YEAR}-07-20T12:00:00Z`]);
      });
      await moveTo(TOKYO);
      await openSettings();
      assert.deepEqual(await startAndEnd(), [`${YEAR}-01-20T22:00`, `${YEAR}-07-20T21:00`]);
    },
  );

  await step("a start on a date and an end that is moved are those of Tokyo, too", async () => {
    const dialog = page.getByRole("dialog");
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    const field = (label) => dialog.getByLabel(label).and(page.locator("input[type^=datetime]"));
    assert.equal(await field(/^Start/).inputValue(), `${YEAR}-01-20T22:00`);
    await field(/^Start/).fill(`${YEAR}-01-21T06:00`);
    await noBarriers("a start on a date in Tokyo");
    await dialog.getByRole("button", { name: "Next" }).click();
    await dialog.getByRole("button", { name: "Publish", exact: true }).click();
    await eventually("it is scheduled", async () =>
      assert.equal((await api(`/journeys/${DRAFT}/status`)).state, "scheduled"),
    );
    assert.equal((await manifest()).start, `${YEAR}-01-20T21:00:00Z`);
    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.getByRole("menuitem", { name: "Move the end date …" }).click();
    await eventually("its end stands there", async () =>
      assert.equal(await field(/^End/).inputValue(), `${YEAR}-07-20T21:00`),
    );
    await field(/^End/).fill(`${YEAR}-08-01T05:15`);
    await dialog.getByRole("button", { name: "Move", exact: true }).click();
    await eventually("the end is moved", async () =>
      assert.equal(Date.parse((await manifest()).end), Date.parse(`${YEAR}-07-31T20:15:00Z`)),
    );
    await open(`/journeys?q=${DRAFT}`);
    await page.getByRole("button", { name: "Choose columns" }).click();
    await dialog.getByRole("checkbox", { name: "End", exact: true }).check();
    await noBarriers("the columns of the journeys");
    await page
      .getByRole("row")
      .filter({ hasText: `Zoned ${mark}` })
      .getByText(`1 Aug ${YEAR}`, { exact: true })
      .waitFor();
  });
});
