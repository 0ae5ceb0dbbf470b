// What stands in the audit log, in words: “PUT /api/v1/emails/hello” is “Saved”, “Emails · hello”. No React in here.
import { humanise } from "../shell/format";
import { at } from "../shell/LinkTo";
import { strings } from "../strings";

export type Deed = { what: string; subject: string; to?: string };

const API = "/api/v1/";
const STAR = "*";
const PAGES: Record<string, string> = {
  journeys: "/journeys",
  accounts: "/accounts",
  people: "/people",
};

/** What is told of one operation: its words, and which parts of its path are names. */
type Told = { words: string; parts: string[] };

const TOLD = Object.entries(strings.admin.audit.deeds).map(([operation, words]) => {
  const [method = "", path = ""] = operation.split(" ");
  return { method, words, parts: path.split("/") };
});

/** The words for an operation; none where nobody wrote any. */
export function toldOf(method: string, path: string[]): Told | undefined {
  return TOLD.find(
    ({ method: own, parts }) =>
      own === method &&
      parts.length === path.length &&
      parts.every((part, n) => part === STAR || part === path[n]),
  );
}

/** `kinds` are the plurals of definitions, each of which has a page. */
export function deedOf(
  what: string,
  subject: string,
  kinds: ReadonlySet<string>,
  detail?: unknown,
): Deed {
  if (!subject.startsWith(API)) return { what: humanise(what), subject };
  const path = subject.slice(API.length).split("/").map(plain);
  const [collection = "", key, ...rest] = path;
  const connection = connectionIn(detail);
  if (collection === "consents" && connection) {
    return {
      what: strings.admin.audit.consented,
      subject: [humanise("connections"), connection].join(" · "),
      to: at("/definitions", "connections", connection),
    };
  }
  const told = toldOf(what, path);
  const gone = what === "DELETE" && rest.length === 0;
  const page = PAGES[collection] ?? (kinds.has(collection) ? at("/definitions", collection) : "");
  return {
    what: told?.words ?? strings.admin.audit.did,
    subject: subjectOf(path, told),
    ...(key && page && !gone ? { to: at(page, key) } : {}),
  };
}

/** To what it was done. The last word of a path that is no name says what was done, which stands beside. */
function subjectOf(path: string[], told: Told | undefined): string {
  const named = (n: number) => n > 0 && (!told || told.parts[n] === STAR);
  const last = path.length - 1;
  const shown = told && last > 0 && !named(last) ? path.slice(0, last) : path;
  return shown.map((part, n) => (named(n) ? part : humanise(part))).join(" · ");
}

/** The connection that a consent was given to: its path does not name it, what is said beside does. */
function connectionIn(detail: unknown): string | undefined {
  const named = detail as { connection?: unknown } | null | undefined;
  return typeof named?.connection === "string" ? named.connection : undefined;
}

function plain(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
