// What people say of content while it is made.
import { queryOptions } from "@tanstack/react-query";
import { body, client } from "./client";

/** Content of which people talk, as addresses name its kind. */
export type TalkedOf = "emails" | "email_templates" | "fragments";

const allOf = (kind: TalkedOf) => `/api/v1/${kind}/{key}/comments` as const;
const oneOf = (kind: TalkedOf) => `/api/v1/${kind}/{key}/comments/{comment}` as const;

export const commentsQuery = (kind: TalkedOf, key: string) =>
  queryOptions({
    queryKey: ["comments", kind, key],
    queryFn: () => body(client.GET(allOf(kind), { params: { path: { key } } })),
    retry: false,
    // Others write too.
    refetchInterval: 20_000,
  });

export type Said = { text: string; answers?: number; block?: string };

/** Begins a thread, or answers in one. */
export const say = (kind: TalkedOf, key: string, { text, answers, block }: Said) =>
  body(
    client.POST(allOf(kind), {
      params: { path: { key } },
      body: { text, answers: answers ?? null, block: block ?? null },
    }),
  );

export type Standing = { block: string | null; resolved: boolean };

/** Pins a thread, unpins it, resolves it or opens it again. */
export const setThread = (kind: TalkedOf, key: string, comment: number, standing: Standing) =>
  body(client.PUT(oneOf(kind), { params: { path: { key, comment } }, body: standing }));

/** Writes a comment of one's own anew. */
export const rewrite = (kind: TalkedOf, key: string, comment: number, text: string) =>
  body(client.PATCH(oneOf(kind), { params: { path: { key, comment } }, body: { text } }));

export const eraseComment = (kind: TalkedOf, key: string, comment: number) =>
  body(client.DELETE(oneOf(kind), { params: { path: { key, comment } } }));
