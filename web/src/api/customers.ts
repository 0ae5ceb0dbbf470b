// Accounts and people changed, merged and taken away by hand, and the records that belong to them.
import { queryOptions } from "@tanstack/react-query";
import { body, client } from "./client";
import { ApiError } from "./problem";
import { pages } from "./queries";

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

/** `gone` goes, and what it has goes over to `keep`. */
export type Merge = { subject: Subject; keep: string; gone: string };

const mergeOf = ({ keep, gone }: Merge) => ({ params: { path: { key: keep } }, body: { gone } });
const mergeAt = (subject: Subject) => `${one(subject)}/merge` as "/api/v1/accounts/{key}/merge";

/** What a merge would do; asked anew whenever it is looked at. */
export const mergePreviewQuery = (merge: Merge) =>
  queryOptions({
    queryKey: ["merge", merge],
    queryFn: () =>
      body(
        client.POST(
          `${mergeAt(merge.subject)}/preview` as "/api/v1/accounts/{key}/merge/preview",
          mergeOf(merge),
        ),
      ),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });

export const mergeCustomers = (merge: Merge) =>
  body(client.POST(mergeAt(merge.subject), mergeOf(merge)));

const PAGE = 50;

/** The records of one object that belong to an account or a person. */
export const recordsQuery = (subject: Subject, key: string, object: string) =>
  pages([subject, key, "records", object], (cursor) =>
    body(
      client.GET(`${one(subject)}/records/{object}` as "/api/v1/accounts/{key}/records/{object}", {
        params: { path: { key, object }, query: { limit: PAGE, cursor } },
      }),
    ),
  );

/** Only the fields that are named change; an empty value takes one away. */
export const putRecord = (object: string, record: string, fields: Record<string, unknown>) =>
  body(
    client.PUT("/api/v1/custom_objects/{key}/records/{record}", {
      params: { path: { key: object, record } },
      body: fields as never,
    }),
  );

export const removeRecord = (object: string, record: string) =>
  body(
    client.DELETE("/api/v1/custom_objects/{key}/records/{record}", {
      params: { path: { key: object, record } },
    }),
  );

export async function recordIsThere(object: string, record: string): Promise<boolean> {
  const params = { params: { path: { key: object, record } } };
  try {
    await body(client.GET("/api/v1/custom_objects/{key}/records/{record}", params));
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
}

const CRM_KINDS = ["account", "contact", "lead"] as const;
export type CrmKind = (typeof CRM_KINDS)[number];
export const isCrmKind = (kind: string): kind is CrmKind =>
  CRM_KINDS.some((known) => known === kind);

/** Whoever has this id in the CRM. */
export const crmQuery = (kind: CrmKind, id: string) =>
  queryOptions({
    queryKey: ["crm", kind, id],
    queryFn: () => body(client.GET("/api/v1/crm/{kind}/{id}", { params: { path: { kind, id } } })),
  });
