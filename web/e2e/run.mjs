// Runs the browser tests: against a running server when CARAVAN_URL is set, else against `$CARAVAN_BINARY demo` on an
// embedded store of its own, and one smoke path on PostgreSQL where CARAVAN_TEST_DATABASE_URL names a throw-away one.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The services that walks call are doubles on this machine. */
const LOOPBACK = ["--allow-network", "127.0.0.0/8"];
const START_MS = 120_000;
const WALKS = [
  "first-floor.mjs",
  "authoring.mjs",
  "looking-after.mjs",
  "customers.mjs",
  "handing-over.mjs",
  "content.mjs",
  "keyboard.mjs",
  "second-editor.mjs",
  "large-map.mjs",
  "barriers.mjs",
  "segment.mjs",
];

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

/** The demo says where it listens and how to sign in as one line of JSON: {"url","email","password"}. */
async function announced(server) {
  const timer = setTimeout(() => server.kill("SIGTERM"), START_MS);
  try {
    for await (const line of createInterface({ input: server.stdout })) {
      if (!line.startsWith("{")) continue;
      const { url, email, password } = JSON.parse(line);
      if (url) return { CARAVAN_URL: url, CARAVAN_EMAIL: email, CARAVAN_PASSWORD: password };
    }
  } finally {
    clearTimeout(timer);
  }
  throw new Error(
    "the demo ended, or said nothing for two minutes, before it announced its address",
  );
}

/** A demo on the store that `store` names, given a folder that is gone afterwards. */
async function withDemo(binary, store, run) {
  const data = await mkdtemp(join(tmpdir(), "caravan-browser-"));
  const listen = `127.0.0.1:${await freePort()}`;
  const server = spawn(
    binary,
    ["demo", "--json", ...store(data), "--listen", listen, ...LOOPBACK],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const stopped = ended(server);
  try {
    const environment = { ...(await announced(server)), CARAVAN_DATA: data };
    server.stdout.resume();
    return await run(environment);
  } finally {
    server.kill("SIGTERM");
    await stopped;
    await rm(data, { recursive: true, force: true });
  }
}

const all = (files) => async (environment) => {
  let worst = 0;
  for (const file of files) worst = Math.max(worst, await walk(file, environment));
  return worst;
};

async function onBothStores(binary) {
  console.log("\non the embedded store");
  const embedded = await withDemo(binary, (data) => ["--data", data], all(WALKS));
  const database = process.env.CARAVAN_TEST_DATABASE_URL;
  if (!database) {
    console.log(
      "\nnot on PostgreSQL: scripts/postgres.sh with npm run e2e runs its smoke path too",
    );
    return embedded;
  }
  console.log("\non PostgreSQL");
  return Math.max(embedded, await withDemo(binary, () => ["--database", database], all(SMOKE)));
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
