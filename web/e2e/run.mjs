// Runs the browser tests: against a running server when CARAVAN_URL is set, else with `$CARAVAN_BINARY` on an empty store,
// on a demo's embedded store and one smoke path on PostgreSQL where CARAVAN_TEST_DATABASE_URL names a throw-away one.
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

/** The services that walks call are doubles on this machine. */
const LOOPBACK = ["--allow-network", "127.0.0.0/8"];
const START_MS = 120_000;
const WALKS = [
  "first-floor.mjs",
  "authoring.mjs",
  "person-journey.mjs",
  "imports.mjs",
  "looking-after.mjs",
  "customers.mjs",
  "members.mjs",
  "exports.mjs",
  "lists.mjs",
  "figures.mjs",
  "handing-over.mjs",
  "consent.mjs",
  "content.mjs",
  "design.mjs",
  "editing.mjs",
  "life-cycle.mjs",
  "keyboard.mjs",
  "keyboard-groups.mjs",
  "keyboard-service.mjs",
  "second-editor.mjs",
  "large-map.mjs",
  "keeping.mjs",
  "previews.mjs",
  "zones.mjs",
  "barriers.mjs",
  "segment.mjs",
];

/** On a store in which nothing is. */
const EMPTY = ["first-steps.mjs", "setting-up.mjs"];

/** On PostgreSQL: from the import to the branch that a click chose. */
const SMOKE = ["authoring.mjs"];

const here = new URL(".", import.meta.url).pathname;

function ended(child) {
  return new Promise((done) => child.once("exit", (code) => done(code ?? 1)));
}

async function walk(file, environment) {
  console.log(`\n${file}`);
  const start = performance.now();
  const code = await ended(
    spawn(process.execPath, [join(here, file)], {
      stdio: "inherit",
      env: { ...process.env, ...environment },
    }),
  );
  console.log(`    ${Math.round((performance.now() - start) / 1000)} s`);
  return code;
}

function freePort() {
  return new Promise((found, failed) => {
    const probe = createServer();
    probe.once("error", failed);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => found(port));
    });
  });
}

/** A server says where it listens as one line of JSON, and a demo how to sign in: {"url","email","password"}. */
async function announced(server) {
  const timer = setTimeout(() => server.kill("SIGTERM"), START_MS);
  try {
    for await (const line of createInterface({ input: server.stdout })) {
      if (!line.startsWith("{")) continue;
      const said = JSON.parse(line);
      if (said.url) return said;
    }
  } finally {
    clearTimeout(timer);
  }
  throw new Error(
    "the server ended, or said nothing for two minutes, before it announced its address",
  );
}

const asVariables = ({ url, email, password }) => ({
  CARAVAN_URL: url,
  CARAVAN_EMAIL: email,
  CARAVAN_PASSWORD: password,
});

/** A server as `command` says, on the store that `store` names, given a folder that is gone afterwards. */
async function withServer(binary, command, store, run) {
  const data = await mkdtemp(join(tmpdir(), "caravan-browser-"));
  const place = store(data);
  const user = command === "serve" ? await firstUser(binary, place) : {};
  const listen = `127.0.0.1:${await freePort()}`;
  const server = spawn(binary, [command, "--json", ...place, "--listen", listen, ...LOOPBACK], {
    stdio: ["ignore", "pipe", "inherit"],
    // Where no folder keeps a key of its own, secrets that walks set are kept by this one.
    env: { ...process.env, CARAVAN_SECRET_KEY: randomBytes(32).toString("base64") },
  });
  const stopped = ended(server);
  try {
    const environment = asVariables({ ...user, ...(await announced(server)) });
    server.stdout.resume();
    return await run({ ...environment, CARAVAN_DATA: data });
  } finally {
    server.kill("SIGTERM");
    await stopped;
    await rm(data, { recursive: true, force: true });
  }
}

/** Whoever sets an installation up: {"email","password"}. */
async function firstUser(binary, place) {
  const command = ["user", "add", "first@example.com", "--role", "administrator", "--json"];
  const { stdout } = await promisify(execFile)(binary, [...command, ...place]);
  return JSON.parse(stdout);
}

const all = (files) => async (environment) => {
  let worst = 0;
  for (const file of files) worst = Math.max(worst, await walk(file, environment));
  return worst;
};

async function onBothStores(binary) {
  console.log("\non the embedded store");
  const folder = (data) => ["--data", data];
  const embedded = Math.max(
    await withServer(binary, "serve", folder, all(EMPTY)),
    await withServer(binary, "demo", folder, all(WALKS)),
  );
  const database = process.env.CARAVAN_TEST_DATABASE_URL;
  if (!database) {
    console.log(
      "\nnot on PostgreSQL: scripts/postgres.sh with npm run e2e runs its smoke path too",
    );
    return embedded;
  }
  console.log("\non PostgreSQL");
  const place = () => ["--database", database];
  return Math.max(embedded, await withServer(binary, "demo", place, all(SMOKE)));
}

if (process.env.CARAVAN_URL) {
  process.exitCode = await all(WALKS)({});
} else if (process.env.CARAVAN_BINARY) {
  process.exitCode = await onBothStores(process.env.CARAVAN_BINARY);
} else {
  console.error(
    "Set CARAVAN_BINARY to a caravan binary, or CARAVAN_URL with CARAVAN_EMAIL and CARAVAN_PASSWORD.",
  );
  process.exitCode = 2;
}
