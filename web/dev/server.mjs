// A stand-in for the server while the web app is being drawn: one moving journey and a few records.
// For development only (`npm run dev:standin`, then CARAVAN_URL=http://127.0.0.1:8099); never tested against.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { accounts, map, people, status, step, trip } from "./sample.mjs";

const DIST = new URL("../dist/", import.meta.url).pathname;
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
const streams = new Set();

setInterval(() => {
  step();
  for (const stream of streams) stream.write(`event: status\ndata: ${JSON.stringify(status)}\n\n`);
}, 1500);

const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
const row = (key, name, state, travellers) => ({
  key,
  name,
  subject: "account",
  state,
  paused: false,
  version: 1,
  revision: 3,
  start: null,
  end: map.end,
  updated_at: ago(34),
  updated_by: "ada@acme.example",
  published_at: state === "draft" ? null : ago(190),
  published_by: "ada@acme.example",
  travellers,
});
const journeys = () => [
  row("enterprise-nurture", "Enterprise nurture", "live", status.travellers),
  row("win-back", "Win back silent accounts", "closed", { entered: 88, active: 4, completed: 80 }),
  row("welcome", "Welcome to the trial", "draft", {}),
  row("spring", "Spring campaign", "finished", { entered: 412, active: 0, completed: 398 }),
  row("pricing", "New pricing notice", "aborted", { entered: 60, active: 0, completed: 12 }),
];
const travellers = (node, state) =>
  accounts.slice(0, 9).map((account, i) => ({
    id: `enr_${i + 1}`,
    traveller: { subject: "account", key: account.key, name: account.name },
    entry: i === 2 ? 2 : 1,
    state: state === "ended" ? "ended" : "active",
    node,
    arrived_at: ago(40 + i * 9),
    entered_at: ago(400 + i),
    left_at: state === "current" ? null : ago(12),
    ended_at: ago(3),
    path: null,
    outcome: state === "ended" ? "completed" : null,
    due_at: state === "current" ? ago(-60 * (i + 3)) : null,
  }));
const activity = (i) => ({
  id: `act_${i}`,
  type: "email_clicked",
  title: [
    "Clicked a link in an email",
    "Opened an email",
    "Filled in a form",
    "Changed data value",
  ][i % 4],
  at: ago(i * 77),
  received_at: ago(i * 77),
  source: "tracking",
  account: { key: "MMM", name: "3M" },
  person: { key: people[i % 5].key, name: people[i % 5].name },
  journey: i % 2 ? "enterprise-nurture" : null,
  node: "hello",
  fields: i % 2 ? { email: "welcome", url: "https://acme.example/crm" } : { form: "demo" },
});
const mails = Array.from({ length: 24 }, (_, i) => ({
  id: `mail_${i}`,
  received_at: ago(i * 4),
  from: "Acme <news@acme.example>",
  to: [people[i % people.length].email],
  subject: `Hello ${people[i % people.length].first_name}, your next step with Acme CRM`,
  size: 8123,
}));
const HTML = `<body style="font-family:Georgia;background:#f4f1ec;margin:0"><table width=600 align=center style="background:#fff;margin:24px auto;padding:36px"><tr><td><h1 style="color:#1b3a4b">Hello there</h1><p>Three teams like yours moved to Acme CRM last month. See what changed for them.</p><p><a href="https://acme.example" style="background:#1b3a4b;color:#fff;padding:12px 22px;text-decoration:none">See how</a></p></td></tr></table></body>`;

const list = (items, total) => ({
  items,
  next_cursor: null,
  ...(total === undefined ? {} : { total }),
});
const search = (items, q) =>
  items.filter((item) => !q || item.name.toLowerCase().includes(q.toLowerCase()));

const ROUTES = [
  [
    /^\/organisation$/,
    () => ({
      name: "Acme Instruments",
      time_zone: "Europe/Berlin",
      version: "0.1.0",
      demo: true,
      mail_catcher: true,
    }),
  ],
  [/^\/journeys$/, (_, q) => list(search(journeys(), q.get("q")), 5)],
  [
    /^\/journeys\/([^/]+)\/map$/,
    ([key]) => ({
      ...map,
      key,
      ...(key === "welcome" ? { state: "draft", version: null, name: "Welcome to the trial" } : {}),
    }),
  ],
  [
    /^\/journeys\/([^/]+)\/status$/,
    ([key]) => ({
      ...status,
      key,
      ...(key === "welcome" ? { state: "draft", nodes: {}, travellers: {} } : {}),
    }),
  ],
  [
    /^\/journeys\/[^/]+\/nodes\/([^/]+)\/travellers$/,
    ([node], q) => ({
      ...list(travellers(node, q.get("state"))),
      next_cursor: q.get("cursor") ? null : "more",
    }),
  ],
  [
    /^\/journeys\/[^/]+\/travellers$/,
    (_, q) => list(travellers("pause", q.get("state") === "ended" ? "ended" : "current")),
  ],
  [/^\/journeys\/[^/]+\/travellers\/([^/]+)\/timeline$/, ([id]) => trip(id)],
  [/^\/accounts$/, (_, q) => list(search(accounts, q.get("q")), accounts.length)],
  [
    /^\/accounts\/([^/]+)$/,
    ([key]) => ({
      ...accounts.find((a) => a.key === key),
      headquarters: "Saint Paul, Minnesota",
      founded: "1902-01-01",
      people: 8,
      lists: ["enterprise", "hand-picked"],
      journeys: [
        {
          id: "enr_1",
          journey: "enterprise-nurture",
          name: "Enterprise nurture",
          state: "active",
          node: "pause",
          entered_at: ago(400),
          outcome: null,
        },
      ],
    }),
  ],
  [/^\/accounts\/[^/]+\/people$/, () => list(people.slice(0, 8))],
  [
    /^\/(?:accounts|people)\/[^/]+\/timeline$/,
    () => list(Array.from({ length: 12 }, (_, i) => activity(i))),
  ],
  [
    /^\/accounts\/[^/]+\/buying_groups$/,
    () =>
      list([
        {
          solution_interest: "crm",
          name: "CRM",
          stage: "Engaged",
          status: "Warm",
          completeness: 66.6,
          engagement: 42,
          members: people.slice(0, 4).map((p, i) => ({
            person: p.key,
            name: p.name,
            role: ["Decision Maker", "Influencer", "Practitioner", "Influencer"][i],
            source: ["manual", "journey", "system", "system"][i],
          })),
        },
      ]),
  ],
  [/^\/people$/, (_, q) => list(search(people, q.get("q")), people.length)],
  [
    /^\/people\/([^/]+)$/,
    ([key]) => ({ ...people.find((p) => p.key === decodeURIComponent(key)) }),
  ],
  [/^\/mail$/, () => list(mails, mails.length)],
  [
    /^\/mail\/([^/]+)$/,
    ([id]) => ({
      ...mails.find((m) => m.id === id),
      headers: [
        ["From", "Acme <news@acme.example>"],
        ["List-Unsubscribe", "<https://acme.example/u/1>"],
        ["Message-ID", "<enr_1.hello.p1@acme.example>"],
      ],
      html: HTML,
      text: "Hello there\n\nThree teams like yours moved to Acme CRM last month.",
      source: "From: Acme <news@acme.example>\r\nTo: …\r\n\r\nHello",
    }),
  ],
  [
    /^\/problems$/,
    (_, q) =>
      list(
        q.get("journey") === "win-back"
          ? []
          : [
              {
                id: "prb_1",
                journey: "enterprise-nurture",
                node: "hello",
                traveller: { subject: "account", key: "MMM", name: "3M" },
                kind: "effect",
                code: "smtp_unreachable",
                message: "The mail server 127.0.0.1:2525 does not answer: connection refused",
                since: ago(14),
                attempts: 5,
                next_try: ago(-3),
              },
            ],
        1,
      ),
  ],
];

async function textOf(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}

async function api(request, response, url) {
  const path = url.pathname.slice("/api/v1".length);
  const send = (code, body) => {
    response.writeHead(code, {
      "content-type": code < 400 ? "application/json" : "application/problem+json",
    });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  };
  const session = { user: { email: "ada@acme.example", role: "admin" }, csrf: "c" };
  const signedIn = request.headers.cookie?.includes("caravan_session=1");
  if (path === "/session") {
    if (request.method === "POST") {
      if ((await textOf(request)).includes("-wrong")) {
        return send(401, { title: "Refused", status: 401, code: "wrong_credentials" });
      }
      response.setHeader("set-cookie", "caravan_session=1; HttpOnly; SameSite=Lax; Path=/");
      return send(200, session);
    }
    if (request.method === "DELETE") {
      response.setHeader("set-cookie", "caravan_session=0; Path=/");
      return send(204);
    }
    return signedIn
      ? send(200, session)
      : send(401, { title: "Not signed in", status: 401, code: "unauthenticated" });
  }
  if (!signedIn) return send(401, { title: "Not signed in", status: 401, code: "unauthenticated" });
  if (path === "/events/stream") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    streams.add(response);
    return request.on("close", () => streams.delete(response));
  }
  if (path.endsWith("/publish"))
    return send(422, {
      title: "Not publishable",
      status: 422,
      code: "not_publishable",
      detail: "The journey has errors.",
      errors: [
        {
          code: "end_missing",
          pointer: "/end",
          message: "Give the journey an end date, at most three years after its start.",
          node: null,
        },
      ],
    });
  for (const [pattern, answer] of ROUTES) {
    const match = pattern.exec(path);
    if (match) return send(200, answer(match.slice(1), url.searchParams));
  }
  return send(404, {
    title: "Not found",
    status: 404,
    code: "not_found",
    detail: `There is nothing at ${path}.`,
  });
}

createServer((request, response) => {
  const url = new URL(request.url, "http://x");
  if (url.pathname.startsWith("/api/")) return api(request, response, url);
  const file = join(DIST, normalize(url.pathname));
  const found = existsSync(file) && statSync(file).isFile() ? file : join(DIST, "index.html");
  response.writeHead(200, { "content-type": TYPES[extname(found)] ?? "application/octet-stream" });
  createReadStream(found).pipe(response);
}).listen(8099, "127.0.0.1");
