// Accounts and people changed and taken away by hand.
import { body, client } from "./client";

export type Subject = "account" | "person";

/** Both have the same operations; those of accounts stand for the types of both. */
const one = (subject: Subject) =>
  (subject === "account"
    ? "/api/v1/accounts/{key}"
    : "/api/v1/people/{key}") as "/api/v1/accounts/{key}";

/** Only what is named changes; an empty value takes the attribute away. */
export const changeRecord = (subject: Subject, key: string, changes: Record<string, unknown>) =>
  body(client.PUT(one(subject), { params: { path: { key } }, body: changes as never }));

export const deleteRecord = (subject: Subject, key: string) =>
  body(client.DELETE(one(subject), { params: { path: { key } } }));
