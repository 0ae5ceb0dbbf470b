// The records of the stand-in: a journey with every kind of node, whose counts move.
const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
const NAMES = [
  "3M",
  "A. O. Smith",
  "Abbott Laboratories",
  "AbbVie",
  "Accenture",
  "Adobe",
  "AES Corporation",
  "Aflac",
  "Agilent Technologies",
  "Air Products",
  "Airbnb",
  "Akamai",
];
const KEYS = ["MMM", "AOS", "ABT", "ABBV", "ACN", "ADBE", "AES", "AFL", "A", "APD", "ABNB", "AKAM"];
export const accounts = NAMES.map((name, i) => ({
  key: KEYS[i],
  name,
  industry: ["Industrials", "Health Care", "Technology"][i % 3],
  country: "US",
  employees: 1200 * (i + 1),
  owner_email: "desk@acme.example",
  people: 8,
  updated_at: ago(i * 31),
}));
const FIRST = [
  "Amara",
  "Björn",
  "Chiara",
  "Dmitri",
  "Eun-ji",
  "Fatou",
  "Gustavo",
  "Hélène",
  "Ishaan",
  "Jarosław",
];
const LAST = [
  "Okafor",
  "Lindqvist",
  "Rossi",
  "Volkov",
  "Park",
  "Diallo",
  "Reyes",
  "Marchand",
  "Patel",
  "Nowak",
];
export const people = FIRST.map((first, i) => ({
  key: `${first.toLowerCase()}@${KEYS[i].toLowerCase()}.example`,
  email: `${first.toLowerCase()}@${KEYS[i].toLowerCase()}.example`,
  first_name: first,
  last_name: LAST[i],
  name: `${first} ${LAST[i]}`,
  job_title: ["Chief Information Officer", "VP Sales", "Engineer", "Buyer"][i % 4],
  country: ["US", "DE", "FR"][i % 3],
  accounts: [{ key: KEYS[i], name: NAMES[i] }],
  unsubscribed: i % 5 === 4,
  updated_at: ago(i * 55),
}));

const node = (id, kind, family, title, subtitle, facts, settings, more = {}) => ({
  id,
  kind,
  family,
  icon: null,
  title,
  subtitle,
  subject: "account",
  facts: facts.map(([label, value]) => ({ label, value })),
  settings,
  ends: false,
  box: null,
  ...more,
});
const act = (id, title, icon, facts, settings, subject = "person", more = {}) =>
  node(
    id,
    "action",
    "action",
    title,
    subject === "person" ? "Action on people" : "Action on accounts",
    facts,
    settings,
    { icon, subject, ...more },
  );
export const map = {
  key: "enterprise-nurture",
  name: "Enterprise nurture",
  subject: "account",
  state: "live",
  version: 1,
  end: "2027-06-30T00:00:00Z",
  nodes: [
    node(
      "audience",
      "audience",
      "audience",
      "Account audience",
      "Accounts",
      [["Account list", "Enterprise"]],
      { account_list: "enterprise" },
    ),
    act(
      "assign",
      "Assign to Buying Group",
      "user-plus",
      [
        ["Solution interest", "CRM"],
        ["Role", "Influencer"],
      ],
      {
        type: "action",
        on: "people",
        action: "assign_to_buying_group",
        solution_interest: "crm",
        role: "Influencer",
        next: "hello",
      },
    ),
    act("hello", "Send email", "mail", [["Email", "Welcome to Acme CRM, the long name of it"]], {
      type: "action",
      on: "people",
      action: "send_email",
      email: "welcome",
      next: "pause",
    }),
    node(
      "pause",
      "wait",
      "flow",
      "Wait",
      "Wait",
      [
        ["Wait for", "3 days"],
        ["Must end on", "Mon–Fri, 09:00 Berlin"],
      ],
      {
        duration: "3d",
        must_end_on: {
          days: ["mon", "tue", "wed", "thu", "fri"],
          time: "09:00",
          zone: "Europe/Berlin",
        },
      },
    ),
    node(
      "heard",
      "listen",
      "event",
      "Clicked link in email",
      "People event",
      [
        ["Email", "Welcome"],
        ["Timeout", "14 days"],
      ],
      {
        event: { activity: "email_clicked", where: { email: { is: "welcome" } } },
        filters: { all: [{ person: "country", is: ["US", "DE"] }] },
        timeout: { duration: "14d", next: "remind" },
      },
      { subject: "person" },
    ),
    node(
      "size",
      "split",
      "flow",
      "Split paths",
      "Split by accounts",
      [["Paths", "Enterprise, Mid market, Other"]],
      {
        by: "account",
        paths: [
          {
            label: "Enterprise",
            when: {
              all: [
                { account: "employees", at_least: 1000 },
                { buying_group: { solution_interest: "crm", completeness: { at_least: 50 } } },
              ],
            },
            next: "alert",
          },
          {
            label: "Mid market",
            when: { account: "employees", between: [100, 999] },
            next: "people",
          },
        ],
        other: { next: "done" },
      },
    ),
    node(
      "people",
      "split",
      "flow",
      "Split paths",
      "Split by people",
      [["Paths", "Deciders, Other"]],
      { by: "person" },
      {
        subject: "person",
        box: [
          {
            label: "Deciders",
            path: null,
            actions: [
              {
                id: "d1",
                title: "Send email",
                icon: "mail",
                facts: [{ label: "Email", value: "Return on investment" }],
              },
              {
                id: "d2",
                title: "Interesting Moment",
                icon: "star",
                facts: [{ label: "Type", value: "Milestone" }],
              },
            ],
          },
          {
            label: "other",
            path: null,
            actions: [
              {
                id: "o1",
                title: "Change Score",
                icon: "gauge",
                facts: [{ label: "Change", value: "interest +5" }],
              },
            ],
          },
        ],
      },
    ),
    act("remind", "Send email", "mail", [["Email", "Reminder"]], { email: "reminder" }),
    act(
      "alert",
      "Send Sales Alert",
      "bell",
      [
        ["Solution interest", "CRM"],
        ["To", "Owner, desk@acme.example"],
      ],
      { solution_interest: "crm", to: ["owner", "desk@acme.example"] },
      "account",
    ),
    act(
      "stage",
      "Update Buying Group Stage",
      "flag",
      [
        ["Solution interest", "CRM"],
        ["Stage", "Engaged"],
      ],
      { solution_interest: "crm", stage: "Engaged" },
      "account",
    ),
    node(
      "done",
      "merge",
      "flow",
      "Merge paths",
      "Merge",
      [["Paths", "4 paths"]],
      {},
      { ends: true },
    ),
  ],
  edges: [
    ["audience", "assign"],
    ["assign", "hello"],
    ["hello", "pause"],
    ["pause", "heard"],
    ["heard", "size"],
    ["heard", "remind", "timeout", "Timeout"],
    ["size", "alert", "Enterprise", "Enterprise"],
    ["size", "people", "Mid market", "Mid market"],
    ["size", "done", "other", "Other"],
    ["remind", "done"],
    ["alert", "stage"],
    ["stage", "done"],
    ["people", "done"],
    ["done", null],
  ].map(([from, to, path = null, label = null]) => ({ from, to, path, label })),
};
const counts = (reached, current, left, paths = {}, outcomes = null) => ({
  reached,
  current,
  left,
  ended: reached - current - left,
  paths,
  outcomes,
});
const out = (done, skipped = {}, failed = {}, no_op = {}, pending = 0) => ({
  pending,
  done,
  no_op,
  skipped,
  failed,
  in_doubt: 0,
});
export const status = {
  key: "enterprise-nurture",
  state: "live",
  version: 1,
  paused: false,
  problems: 1,
  travellers: {
    entered: 503,
    active: 119,
    completed: 380,
    no_path: 0,
    timed_out: 4,
    removed: 0,
    aborted: 0,
    expired: 0,
  },
  nodes: {
    audience: counts(503, 0, 503),
    assign: counts(503, 0, 503, {}, out(1480, {}, {}, { already_member: 22 })),
    hello: counts(
      503,
      0,
      503,
      {},
      out(1410, { unsubscribed: 61, email_missing: 24 }, { hard_bounce: 7 }, {}, 4),
    ),
    pause: counts(503, 71, 432),
    heard: counts(432, 48, 380, { timeout: 90 }),
    size: counts(290, 0, 290, { Enterprise: 118, "Mid market": 91, other: 81 }),
    people: counts(91, 0, 91, { Deciders: 40, other: 233 }),
    d1: counts(40, 0, 40, {}, out(36, { unsubscribed: 4 })),
    d2: counts(40, 0, 40, {}, out(40)),
    o1: counts(233, 0, 233, {}, out(233)),
    remind: counts(90, 0, 90, {}, out(251, { unsubscribed: 12 })),
    alert: counts(118, 0, 118, {}, out(112, {}, {}, { no_buying_group: 6 })),
    stage: counts(118, 0, 118, {}, out(100, {}, {}, { not_allowed: 18 })),
    done: counts(380, 0, 0),
  },
};
let tick = 0;
/** Two accounts enter and one goes on from the wait, keeping every sum closed. */
export function step() {
  tick += 1;
  const { nodes, travellers } = status;
  for (const id of ["audience", "assign", "hello"]) {
    nodes[id].reached += 1;
    nodes[id].left += 1;
  }
  nodes.hello.outcomes.done += 3;
  nodes.pause.reached += 1;
  nodes.pause.current += 1;
  travellers.entered += 1;
  travellers.active += 1;
  if (tick % 2) {
    nodes.pause.current -= 1;
    nodes.pause.left += 1;
    nodes.heard.reached += 1;
    nodes.heard.current += 1;
  }
}
export const trip = (id) => ({
  id,
  traveller: { subject: "account", key: "MMM", name: "3M" },
  journey: "enterprise-nurture",
  version: 1,
  entry: 1,
  state: "active",
  outcome: null,
  entered_at: ago(400),
  ended_at: null,
  waiting: { node: "pause", title: "Wait", until: ago(-2600), event: null },
  items: [
    {
      at: ago(400),
      kind: "entered",
      node: "audience",
      title: "Account audience",
      path: null,
      outcomes: [],
      detail: "Account list Enterprise",
    },
    {
      at: ago(399),
      kind: "acted",
      node: "hello",
      title: "Send email",
      path: null,
      detail: null,
      outcomes: people.slice(0, 10).map((p, i) => ({
        person: { key: p.key, name: p.name },
        outcome: i === 4 ? "skipped" : i === 6 ? "failed" : "done",
        reason: i === 4 ? "unsubscribed" : i === 6 ? "hard_bounce" : null,
        message: i === 6 ? "550 no such mailbox" : null,
      })),
    },
    {
      at: ago(398),
      kind: "moved",
      node: "hello",
      title: "Send email",
      path: null,
      outcomes: [],
      detail: null,
    },
    {
      at: ago(398),
      kind: "arrived",
      node: "pause",
      title: "Wait",
      path: null,
      outcomes: [],
      detail: null,
    },
  ],
});
