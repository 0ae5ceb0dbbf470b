// Segment's own Node client posts to the server, unchanged: people, accounts and activities arrive, and each message
// counts once.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { Analytics } from "@segment/analytics-node";

const { CARAVAN_URL: url, CARAVAN_BINARY: binary, CARAVAN_DATA: data } = process.env;
if (!binary || !data) {
  console.log(
    "skipped: it needs CARAVAN_BINARY and CARAVAN_DATA, to make a write key beside the server",
  );
  process.exit(0);
}

function token(name, role) {
  const printed = execFileSync(
    binary,
    ["token", "create", name, "--role", role, "--data", data, "--json"],
    { encoding: "utf8" },
  );
  return JSON.parse(printed).token;
}

const reader = token("segment-reader", "administrator");

async function read(path) {
  const response = await fetch(`${url}/api/v1${path}`, {
    headers: { authorization: `Bearer ${reader}` },
  });
  assert.equal(response.status, 200, `GET ${path}`);
  return response.json();
}

const analytics = new Analytics({
  writeKey: token("segment-website", "channel_manager"),
  host: url,
  flushAt: 3,
});
const failures = [];
analytics.on("error", (failure) => failures.push(failure));

const messageId = "segment-walk-1";
analytics.identify({
  userId: "segment-ada",
  traits: { email: "ada@segment.example", firstName: "Ada", jobTitle: "Chief Engineer" },
});
analytics.group({
  userId: "segment-ada",
  groupId: "segment-co",
  traits: { name: "Segment Company" },
});
analytics.track({
  userId: "segment-ada",
  event: "Demo Requested",
  properties: { seats: 5 },
  messageId,
});
analytics.track({
  userId: "segment-ada",
  event: "Demo Requested",
  properties: { seats: 5 },
  messageId,
});
analytics.page({ userId: "segment-ada", properties: { url: "https://site.example/pricing" } });
await analytics.closeAndFlush();
assert.deepEqual(failures, [], "the client reports no failure");

const person = await read("/people/segment-ada");
assert.equal(person.email, "ada@segment.example");
assert.equal(person.first_name, "Ada");
assert.equal((await read("/accounts/segment-co")).name, "Segment Company");
const people = await read("/accounts/segment-co/people");
assert.deepEqual(
  people.items.map((item) => item.key),
  ["segment-ada"],
);
const { items } = await read("/people/segment-ada/timeline");
const demos = items.filter((item) => item.type === "demo_requested");
assert.equal(demos.length, 1, "the same messageId counts once");
assert.equal(demos[0].fields.seats, 5);
assert.equal(items.filter((item) => item.type === "page_viewed").length, 1);
console.log("  people, accounts and activities arrived; each message counted once");
