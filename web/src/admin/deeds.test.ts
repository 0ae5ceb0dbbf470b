import { readFileSync } from "node:fs";
import { deedOf, toldOf } from "./deeds";

const KINDS = new Set(["emails", "scores"]);

it.each([
  ["PUT", "/api/v1/emails/hello", "Saved", "Emails · hello", "/definitions/emails/hello"],
  ["DELETE", "/api/v1/emails/hello", "Deleted", "Emails · hello", undefined],
  ["POST", "/api/v1/journeys/a%20b/publish", "Published", "Journeys · a b", "/journeys/a%20b"],
  ["POST", "/api/v1/import/people", "Imported", "Import · people", undefined],
  ["POST", "/api/v1/delivery/dmarc-reports", "Took in a DMARC report", "Delivery", undefined],
  [
    "POST",
    "/api/v1/emails/hello/propagate",
    "Brought into live journeys",
    "Emails · hello",
    "/definitions/emails/hello",
  ],
  ["POST", "/api/v1/x/y/unheard_of", "Did", "X · y · unheard_of", undefined],
  ["PUT", "/api/v1/delivery/hold", "Held messages, or let them go", "Delivery", undefined],
  ["POST", "/api/v1/buying_groups/g/members", "Changed members", "Buying groups · g", undefined],
  ["DELETE", "/api/v1/session", "Signed out", "Session", undefined],
  [
    "DELETE",
    "/api/v1/accounts/a/buying_groups/crm/members/p1",
    "Took out of a buying group",
    "Accounts · a · Buying groups · crm · Members · p1",
    "/accounts/a",
  ],
  ["token created", "deploy", "Token created", "deploy", undefined],
  ["PUT", "/api/v1/scores/%", "Saved", "Scores · %", "/definitions/scores/%25"],
])("tells %s %s", (what, path, words, subject, to) => {
  expect(deedOf(what, path, KINDS)).toEqual({ what: words, subject, ...(to ? { to } : {}) });
});

it("tells to which connection a consent was given", () => {
  const detail = { connection: "ads", works: true, message: "Signed in." };
  expect(deedOf("POST", "/api/v1/consents", KINDS, detail)).toEqual({
    what: "Consent taken",
    subject: "Connections · ads",
    to: "/definitions/connections/ads",
  });
});

/** What writes by its method and stands in no log, because it only asks or concerns nobody else. */
const ONLY_ASKS =
  /(\/preview|\/spam_report|\/findings|\/longest|^email_templates\/[^/]+\/email|^notifications\/seen)$/;

type Document = { paths: Record<string, Record<string, { "x-permission"?: string }>> };

it("has words for every operation that changes something", () => {
  const document: Document = JSON.parse(readFileSync("openapi.json", "utf8"));
  const changing = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([method, { "x-permission": permission }]) => method !== "get" && permission)
      .filter(() => path.startsWith("/api/v1/"))
      .map(([method]) => ({ method: method.toUpperCase(), path: path.slice("/api/v1/".length) }))
      .filter(({ method, path: own }) => method !== "POST" || !ONLY_ASKS.test(own)),
  );
  expect(changing.length).toBeGreaterThan(100);
  const untold = changing.filter(({ method, path }) => !toldOf(method, path.split("/")));
  expect(untold.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
});
