// What stands in the audit log, in words: “PUT /api/v1/emails/hello” is “Saved”, “Emails · hello”. No React in here.
import { humanise } from "../shell/format";
import { at } from "../shell/LinkTo";
import { strings } from "../strings";

export type Deed = { what: string; subject: string; to?: string };

const API = "/api/v1/";
const PAGES: Record<string, string> = {
  journeys: "/journeys",
  accounts: "/accounts",
  people: "/people",
};

/** `kinds` are the plurals of definitions, each of which has a page. */
export function deedOf(
  what: string,
  subject: string,
  kinds: ReadonlySet<string>,
  detail?: unknown,
): Deed {
  if (!subject.startsWith(API)) return { what: humanise(what), subject };
  const [collection = "", key, ...rest] = subject.slice(API.length).split("/").map(plain);
  const connection = connectionIn(detail);
  if (collection === "consents" && connection) {
    return {
      what: strings.admin.audit.consented,
      subject: [humanise("connections"), connection].join(" · "),
      to: at("/definitions", "connections", connection),
    };
  }
  const verb = what === "POST" ? (rest.at(-1) ?? undefined) : undefined;
  const between = verb ? rest.slice(0, -1) : rest;
  const words = [humanise(collection), key, ...between].filter((part) => part !== undefined);
  const gone = what === "DELETE" && rest.length === 0;
  const page = PAGES[collection] ?? (kinds.has(collection) ? at("/definitions", collection) : "");
  return {
    what: whatOf(what, collection, verb),
    subject: words.join(" · "),
    ...(key && page && !gone ? { to: at(page, key) } : {}),
  };
}

/** The connection that a consent was given to: its path does not name it, what is said beside does. */
function connectionIn(detail: unknown): string | undefined {
  const named = detail as { connection?: unknown } | null | undefined;
  return typeof named?.connection === "string" ? named.connection : undefined;
}

function whatOf(method: string, collection: string, verb: string | undefined): string {
  const words = strings.admin.audit;
  if (verb) return words.verbs[verb] ?? humanise(verb);
  return (method === "POST" ? words.made[collection] : words.methods[method]) ?? words.did;
}

function plain(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
