import { deedOf } from "./deeds";

const KINDS = new Set(["emails", "scores"]);

it.each([
  ["PUT", "/api/v1/emails/hello", "Saved", "Emails · hello", "/definitions/emails/hello"],
  ["DELETE", "/api/v1/emails/hello", "Deleted", "Emails · hello", undefined],
  ["POST", "/api/v1/journeys/a%20b/publish", "Published", "Journeys · a b", "/journeys/a%20b"],
  ["POST", "/api/v1/import/people", "Imported", "Import · people", undefined],
  [
    "POST",
    "/api/v1/emails/hello/propagate",
    "Brought into live journeys",
    "Emails · hello",
    "/definitions/emails/hello",
  ],
  ["POST", "/api/v1/x/y/unheard_of", "Unheard of", "X · y", undefined],
  ["PUT", "/api/v1/delivery/hold", "Saved", "Delivery · hold", undefined],
  ["DELETE", "/api/v1/people/p1/x/y", "Deleted", "People · p1 · x · y", "/people/p1"],
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
