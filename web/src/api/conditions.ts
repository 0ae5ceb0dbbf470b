// Who meets a condition now, and who belongs to lists: what may be asked and done.
import { queryOptions } from "@tanstack/react-query";
import { client } from "./client";
import { toApiError } from "./problem";
import { pages } from "./queries";
import type { Page } from "./types";

export type Subject = "account" | "person";
export type ExplainedTest = { test: string; holds: boolean; saw: string | null };
export type ConditionPreview = {
  words: string;
  count: number;
  sample: { key: string; name?: string | null }[];
  warnings: string[];
  why_not?: { holds: boolean; lacking: string | null; tests: ExplainedTest[] };
};
export type ListMember = {
  key: string;
  name: string | null;
  email?: string;
  source: string;
  added_at: string;
};

type Call = Promise<{ data?: unknown; error?: unknown; response: Response }>;

/** One door for addresses that are made from the plural of a kind. */
async function call<T>(made: unknown): Promise<T> {
  const { data, error, response } = await (made as Call);
  if (!response.ok) throw toApiError(response.status, error);
  return data as T;
}

/** `entering`: as for somebody who enters the journey now, in which the condition stands. */
export const previewQuery = (subject: Subject, when: unknown, whyNot: string, entering: boolean) =>
  queryOptions({
    queryKey: ["condition", subject, when, whyNot, entering],
    queryFn: () =>
      call<ConditionPreview>(
        client.POST(
          "/api/v1/conditions/preview" as never,
          {
            body: {
              subject,
              when,
              entering,
              sample: 8,
              ...(whyNot === "" ? {} : { why_not: whyNot }),
            },
          } as never,
        ),
      ),
    staleTime: 10_000,
    gcTime: 30_000,
    retry: false,
  });

const members = (plural: string, key: string) => `/api/v1/${plural}/${encodeURIComponent(key)}`;

export const membersQuery = (plural: string, key: string, q: string) =>
  pages(["definitions", plural, "members", key, q], (cursor) =>
    call<Page<ListMember>>(
      client.GET(
        `${members(plural, key)}/members` as never,
        {
          params: { query: { limit: 50, cursor, ...(q === "" ? {} : { q }) } },
        } as never,
      ),
    ),
  );

/** Adds to a static list, or takes out of it, by key. */
export const changeMembers = (plural: string, key: string, keys: string[], add: boolean) =>
  call<unknown>(
    client.POST(
      `${members(plural, key)}/${add ? "members" : "members/removals"}` as never,
      {
        body: { keys },
      } as never,
    ),
  );

/** The whole list as a file, streamed by the server. */
export const membersCsv = (plural: string, key: string) => `${members(plural, key)}/members.csv`;
