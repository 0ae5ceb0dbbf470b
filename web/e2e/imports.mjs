// The same file once more: what is new is told apart from what changed and what stayed, how far it is moves, and rows
// that are not taken are told by their lines, and saved.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { signIn } from "./browser.mjs";
import { begin } from "./walk.mjs";

const { server, context, page, api, noBarriers, step, walk } = await begin();
const mark = Date.now().toString(36);
const ROWS = 300;
const CHANGED = 7;
const NEW = 5;
/** As many as a report names one by one, and some more. */
const WRONG = 120;
/** Nobody takes these in; they make the file long enough to be watched on its way. */
const NOTES = "x".repeat(4_000);
const HEADER = "Account ID,Company,Headcount,Scribbles";

const key = (n) => `again-${mark}-${n}`;
const row = (n, employees = 100 + n) => [key(n), `Again ${mark} ${n}`, employees, NOTES].join(",");
const upTo = (n) => Array.from({ length: n }, (_, each) => each);
const file = (rows) => Buffer.from([HEADER, ...rows].join("\n"));

/** The first file; some of it changed, with rows that are new; and rows that nobody can take. */
const FIRST = file(upTo(ROWS).map((n) => row(n)));
const SECOND = file([
  ...upTo(ROWS).map((n) => row(n, n < CHANGED ? 9_000 + n : undefined)),
  ...upTo(NEW).map((n) => row(ROWS + n)),
]);
const FAULTY = file([
  row(0, 9_000),
  ...upTo(WRONG).map((n) => row(ROWS + NEW + n, "many")),
  row(1),
]);

async function figures() {
  const shown = page.locator("[data-figure]");
  await shown.first().waitFor();
  const told = await shown.evaluateAll((all) =>
    all.map((each) => [each.dataset.figure, Number(each.textContent.replaceAll(/\D/g, ""))]),
  );
  return Object.fromEntries(told);
}

const none = { read: 0, created: 0, updated: 0, unchanged: 0, parked: 0, rejected: 0 };
const told = async (expected) => assert.deepEqual(await figures(), { ...none, ...expected });

/** Chooses the file, whose columns map themselves, and looks at what would happen. */
async function preview(buffer) {
  await page.goto(`${server.url}/import?kind=accounts`);
  await page
    .locator("input[type=file]")
    .setInputFiles({ name: "accounts.csv", mimeType: "text/csv", buffer });
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("button", { name: "Show what would happen" }).click();
  await page.getByText("Nothing has been kept yet").waitFor();
}

async function run() {
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByText("The file is in.").waitFor();
}

/** Runs in the page: writes down where the progress stood, each time that it moved. */
function watchProgress() {
  window.stood = [];
  const look = () => {
    const bar = document.querySelector("[role=progressbar]");
    const now = bar && Number(bar.getAttribute("aria-valuenow"));
    if (bar && window.stood.at(-1) !== now) window.stood.push(now);
  };
  new MutationObserver(look).observe(document.body, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter: ["aria-valuenow"],
  });
}

/** A slow way up, as from a hotel. */
async function slowly(work) {
  const network = await context.newCDPSession(page);
  const limit = (uploadThroughput) =>
    network.send("Network.emulateNetworkConditions", {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput,
    });
  await network.send("Network.enable");
  await limit(FIRST.length / 2);
  await work();
  await limit(-1);
  await network.detach();
}

await walk(async () => {
  await signIn(page, server);

  await step("all of a first file is new, and how far it is moves", async () => {
    await preview(FIRST);
    await told({ read: ROWS, created: ROWS });
    await page.evaluate(watchProgress);
    await slowly(run);
    await told({ read: ROWS, created: ROWS });
    const stood = await page.evaluate(() => window.stood);
    assert.ok(
      stood.filter((percent) => percent > 0 && percent < 100).length >= 2,
      `it stood at ${stood}`,
    );
    assert.deepEqual(
      stood,
      stood.toSorted((one, other) => one - other),
      "it never goes back",
    );
    assert.equal((await api(`/accounts/${key(0)}`)).employees, 100);
  });

  await step("the same file once more changes nothing", async () => {
    await preview(FIRST);
    await told({ read: ROWS, unchanged: ROWS });
    await run();
    await told({ read: ROWS, unchanged: ROWS });
  });

  await step("a second file tells what changed from what is new", async () => {
    const expected = {
      read: ROWS + NEW,
      created: NEW,
      updated: CHANGED,
      unchanged: ROWS - CHANGED,
    };
    await preview(SECOND);
    await told(expected);
    assert.equal((await api(`/accounts/${key(0)}`)).employees, 100, "it was only tried");
    await run();
    await told(expected);
    await noBarriers("what became of a second file");
    for (const n of [0, CHANGED - 1])
      assert.equal((await api(`/accounts/${key(n)}`)).employees, 9_000 + n);
    assert.equal((await api(`/accounts/${key(CHANGED)}`)).employees, 100 + CHANGED);
    assert.equal((await api(`/accounts/${key(ROWS)}`)).employees, 100 + ROWS);
  });

  await step("rows that are not taken are told by their lines, and saved", async () => {
    await preview(FAULTY);
    const expected = { read: WRONG + 2, updated: 1, unchanged: 1, rejected: WRONG };
    await told(expected);
    const rejects = page.getByRole("table", { name: "Rows that are not taken" });
    const lines = await rejects.locator("tbody tr td:first-child").allTextContents();
    assert.deepEqual(
      lines.map(Number),
      upTo(lines.length).map((n) => n + 3),
    );
    await rejects.locator("tbody tr").first().getByText("many").waitFor();
    await page.getByText(`The first ${lines.length} of ${WRONG}.`).waitFor();
    await noBarriers("rows that are not taken");
    await run();
    await told(expected);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download the list" }).click(),
    ]);
    const saved = (await readFile(await download.path(), "utf8")).trim().split(/\r?\n/);
    assert.match(saved[0], /^\uFEFF?Line,What is wrong$/);
    assert.deepEqual(
      saved.slice(1).map((line) => Number(line.split(",")[0])),
      upTo(WRONG).map((n) => n + 3),
    );
    assert.equal((await api(`/accounts/${key(1)}`)).employees, 101, "the rest goes on");
    await page.getByRole("button", { name: /^Notifications/ }).click();
    const newest = page.getByRole("dialog").getByRole("listitem").first();
    await newest.getByText(`The import of accounts is over: ${WRONG + 2} rows`).waitFor();
    await newest.getByText(`${WRONG} rows were not taken`).waitFor();
    await noBarriers("what whoever imports is told");
  });
});
