// What the screens may ask, each with its cache key. Lists are pages that grow by cursor.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Order } from "../shell/serverSort";
import { strings } from "../strings";
import { body, client, setCsrf } from "./client";
import { readMap } from "./maps";
import { ApiError, toApiError } from "./problem";
import type { paths } from "./schema";
import type { Page, Session } from "./types";

const PAGE = 50;

/** A list whose pages grow by cursor. */
export function pages<T>(
  key: readonly unknown[],
  load: (cursor: string | undefined) => Promise<Page<T>>,
) {
  return infiniteQueryOptions({
    queryKey: key,
    queryFn: ({ pageParam }) => load(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
}

type Read = { state: { data?: { pages: Page<unknown>[] } | undefined } };

/** A list that is open is read again every ten seconds, but not all the pages that somebody went through, nor a long search for
 * nothing. */
const MOST_READ_AGAIN = 10;
export const whileShort = ({ state: { data } }: Read) => {
  const pages = data?.pages ?? [];
  const searched = pages.some((page) => page.items.length === 0 && page.next_cursor);
  return pages.length <= MOST_READ_AGAIN && !searched && 10_000;
};

async function loadSession(): Promise<Session | null> {
  try {
    const session = await body(client.GET("/api/v1/session"));
    setCsrf(session.csrf);
    return session;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: loadSession,
  staleTime: Number.POSITIVE_INFINITY,
});

export const organisationQuery = queryOptions({
  queryKey: ["organisation"],
  queryFn: () => body(client.GET("/api/v1/organisation")),
  staleTime: 60_000,
});

export const journeysQuery = (q: string, order?: Order, state?: string) =>
  pages(["journeys", q, order, state], (cursor) =>
    body(
      client.GET("/api/v1/journeys", {
        params: {
          query: {
            limit: PAGE,
            cursor,
            q: q || undefined,
            state,
            ...ordered<"/api/v1/journeys">(order),
          },
        },
      }),
    ),
  );

export const mapQuery = (key: string) =>
  queryOptions({
    queryKey: ["journey", key, "map"],
    queryFn: () => readMap(key),
    staleTime: 30_000,
  });

export const statusQuery = (key: string) =>
  queryOptions({
    queryKey: ["journey", key, "status"],
    queryFn: () => body(client.GET("/api/v1/journeys/{key}/status", { params: { path: { key } } })),
  });

export const PLACES = ["current", "reached", "ended", "held"] as const;
export type PlaceOfTraveller = (typeof PLACES)[number];

/** How the travellers of a node are narrowed: by the path they took, by what came of its action, by a text. */
type Narrowed = {
  path?: string | undefined;
  outcome?: string | undefined;
  reason?: string | undefined;
  q?: string | undefined;
};

export const nodeTravellersQuery = (
  key: string,
  node: string,
  state: PlaceOfTraveller,
  { path, outcome, reason, q }: Narrowed = {},
) =>
  pages(["journey", key, "node", node, state, path, outcome, reason, q], (cursor) =>
    body(
      client.GET("/api/v1/journeys/{key}/nodes/{node}/travellers", {
        params: {
          path: { key, node },
          query: { state, path, outcome, reason, q, limit: PAGE, cursor },
        },
      }),
    ),
  );

export const travellersQuery = (key: string, state: "active" | "ended", q = "", order?: Order) => ({
  ...pages(["journey", key, "travellers", state, q, order], (cursor) =>
    body(
      client.GET("/api/v1/journeys/{key}/travellers", {
        params: {
          path: { key },
          query: {
            state,
            limit: PAGE,
            cursor,
            ...(q === "" ? {} : { q }),
            ...ordered<"/api/v1/journeys/{key}/travellers">(order),
          },
        },
      }),
    ),
  ),
  refetchInterval: whileShort,
});

export const tripQuery = (key: string, id: string) =>
  queryOptions({
    queryKey: ["journey", key, "trip", id],
    queryFn: () =>
      body(
        client.GET("/api/v1/journeys/{key}/travellers/{id}/timeline", {
          params: { path: { key, id } },
        }),
      ),
    refetchInterval: 10_000,
  });

/** Lets a trip go on now, whatever it waits for. */
export const endWait = (key: string, id: string) =>
  body(
    client.POST("/api/v1/journeys/{key}/travellers/{id}/skip", { params: { path: { key, id } } }),
  );

/** Lets one account, or one person, enter by hand. */
export const enterJourney = (key: string, who: { account?: string; person?: string }) =>
  body(client.POST("/api/v1/journeys/{key}/travellers", { params: { path: { key } }, body: who }));

/** Ends a trip as removed. */
export const endTrip = (key: string, id: string) =>
  body(client.DELETE("/api/v1/journeys/{key}/travellers/{id}", { params: { path: { key, id } } }));

type Queried<P extends keyof paths> = paths[P] extends {
  get: { parameters: { query?: infer Q } };
}
  ? NonNullable<Q>
  : never;
/** The order that a table asked for; its columns name only what the server knows. */
export const ordered = <P extends keyof paths>(order: Order | undefined) =>
  (order ?? {}) as Pick<
    Queried<P>,
    Extract<"sort" | "sort_attribute" | "descending", keyof Queried<P>>
  >;

/** The attributes that each row tells beside the list's own columns. */
const shown = (attributes: string[]) =>
  attributes.length > 0 ? { attributes: attributes.join(",") } : {};

export const accountsQuery = (
  q: string,
  passedOver?: "no_name",
  order?: Order,
  attributes: string[] = [],
) =>
  pages(["accounts", q, passedOver ?? "", order, attributes], (cursor) =>
    body(
      client.GET("/api/v1/accounts", {
        params: {
          query: {
            limit: PAGE,
            cursor,
            q: q || undefined,
            passed_over: passedOver,
            ...ordered<"/api/v1/accounts">(order),
            ...shown(attributes),
          },
        },
      }),
    ),
  );

export const accountQuery = (key: string) =>
  queryOptions({
    queryKey: ["account", key],
    queryFn: () => body(client.GET("/api/v1/accounts/{key}", { params: { path: { key } } })),
  });

export const accountPeopleQuery = (key: string, q: string) =>
  pages(["account", key, "people", q], (cursor) =>
    body(
      client.GET("/api/v1/accounts/{key}/people", {
        params: { path: { key }, query: { limit: PAGE, cursor, ...(q === "" ? {} : { q }) } },
      }),
    ),
  );

export const accountTimelineQuery = (key: string) =>
  pages(["account", key, "timeline"], (cursor) =>
    body(
      client.GET("/api/v1/accounts/{key}/timeline", {
        params: { path: { key }, query: { limit: PAGE, cursor } },
      }),
    ),
  );

export const buyingGroupsQuery = (key: string) =>
  queryOptions({
    queryKey: ["account", key, "buying_groups"],
    queryFn: () =>
      body(client.GET("/api/v1/accounts/{key}/buying_groups", { params: { path: { key } } })),
  });

export type PersonPassedOver = "no_email" | "test_profile";

export const peopleQuery = (
  q: string,
  passedOver?: PersonPassedOver,
  order?: Order,
  attributes: string[] = [],
) =>
  pages(["people", q, passedOver ?? "", order, attributes], (cursor) =>
    body(
      client.GET("/api/v1/people", {
        params: {
          query: {
            limit: PAGE,
            cursor,
            q: q || undefined,
            passed_over: passedOver,
            ...ordered<"/api/v1/people">(order),
            ...shown(attributes),
          },
        },
      }),
    ),
  );

export const personQuery = (key: string) =>
  queryOptions({
    queryKey: ["person", key],
    queryFn: () => body(client.GET("/api/v1/people/{key}", { params: { path: { key } } })),
  });

/** What other systems hold of a person. */
export const heldOfQuery = (key: string) =>
  queryOptions({
    queryKey: ["person", key, "held"],
    queryFn: () =>
      body(client.GET("/api/v1/people/{key}/external_audiences", { params: { path: { key } } })),
  });

/** What programs did with the messages to a person. */
export const machineUsesQuery = (key: string) =>
  queryOptions({
    queryKey: ["person", key, "machines"],
    queryFn: () => body(client.GET("/api/v1/people/{key}/machines", { params: { path: { key } } })),
  });

/** What a person said to messages, newest first. */
export const consentQuery = (key: string) =>
  pages(["person", key, "consent"], (cursor) =>
    body(
      client.GET("/api/v1/people/{key}/consent_records", {
        params: { path: { key }, query: { limit: PAGE, cursor } },
      }),
    ),
  );

/** The same as a file. */
export const consentCsv = (key: string) =>
  `/api/v1/people/${encodeURIComponent(key)}/consent_records.csv`;

/** What happened to a person; with `type` only activities of these types. */
export const personTimelineQuery = (key: string, type?: string) =>
  pages(["person", key, "timeline", type], (cursor) =>
    body(
      client.GET("/api/v1/people/{key}/timeline", {
        params: { path: { key }, query: { limit: PAGE, cursor, type } },
      }),
    ),
  );

export const mailListQuery = (q?: string) => ({
  ...pages(["mail", "list", q ?? ""], (cursor) =>
    body(client.GET("/api/v1/mail", { params: { query: { limit: PAGE, cursor, q } } })),
  ),
  placeholderData: keepPreviousData,
  refetchInterval: 10_000,
});

export const mailQuery = (id: string) =>
  queryOptions({
    queryKey: ["mail", id],
    queryFn: () => body(client.GET("/api/v1/mail/{id}", { params: { path: { id } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const problemsQuery = (journey?: string, q = "") => ({
  ...pages(["problems", journey ?? "", q], (cursor) =>
    body(
      client.GET("/api/v1/problems", {
        params: { query: { limit: PAGE, cursor, journey, ...(q === "" ? {} : { q }) } },
      }),
    ),
  ),
  refetchInterval: whileShort,
});

/** What journeys are made of; changes only when somebody declares something. */
export const catalogueQuery = queryOptions({
  queryKey: ["catalogue"],
  queryFn: () => body(client.GET("/api/v1/catalogue")),
  staleTime: 60_000,
});

/** The kinds of definitions with their schemas; part of the program. */
export const kindsQuery = queryOptions({
  queryKey: ["kinds"],
  queryFn: () => body(client.GET("/api/v1/kinds")),
  staleTime: Number.POSITIVE_INFINITY,
});

/** All kinds have the same operations under their plural; one of them stands for the types of all. */
const ofKind = (plural: string) => `/api/v1/${plural}` as "/api/v1/account_lists";
const oneOfKind = (plural: string) => `/api/v1/${plural}/{key}` as "/api/v1/account_lists/{key}";

/** Names are fetched in pages of so many, and so many pages at most; what stands behind them is called by its key. */
const NAMES = 200;
const MOST_PAGES = 25;
const SHORT_MS = 15_000;
const LONG_MS = 300_000;

export const definitionsQuery = (plural: string, q: string, order: Order, state?: string) =>
  pages(["definitions", plural, "pages", q, order, state], (cursor) =>
    body(
      client.GET(ofKind(plural), {
        params: {
          query: {
            limit: PAGE,
            cursor,
            ...(q === "" ? {} : { q }),
            ...(state === undefined ? {} : { state }),
            ...ordered<"/api/v1/account_lists">(order),
          },
        },
      }),
    ),
  );

const namesPage = (plural: string, cursor?: string | null) =>
  body(
    client.GET(ofKind(plural), {
      params: { query: { limit: NAMES, ...(cursor ? { cursor } : {}) } },
    }),
  );

async function allNames(plural: string) {
  let page = await namesPage(plural);
  const items = [...page.items];
  for (let pages = 1; page.next_cursor && pages < MOST_PAGES; pages += 1) {
    page = await namesPage(plural, page.next_cursor);
    items.push(...page.items);
  }
  return { ...page, items };
}

/** Keys and names of a kind, for pickers and for what is called by name. Many are not asked for again so soon. */
export const definitionNamesQuery = (plural: string) =>
  queryOptions({
    queryKey: ["definitions", plural, "names"],
    queryFn: () => allNames(plural),
    staleTime: ({ state }) => ((state.data?.items.length ?? 0) > NAMES ? LONG_MS : SHORT_MS),
  });

export type Definition = { body: Record<string, unknown>; revision: string };

const revisionOf = (response: Response) =>
  (response.headers.get("ETag") ?? "").replace(/^W\//, "").replaceAll('"', "");

export async function loadDefinition(plural: string, key: string): Promise<Definition> {
  const { data, error, response } = await client.GET(oneOfKind(plural), {
    params: { path: { key } },
  });
  if (!response.ok) throw toApiError(response.status, error);
  return { body: data as Record<string, unknown>, revision: revisionOf(response) };
}

export const definitionQuery = (plural: string, key: string) =>
  queryOptions({
    queryKey: ["definitions", plural, "one", key],
    queryFn: () => loadDefinition(plural, key),
    staleTime: 5_000,
  });

export type PutOptions = {
  /** The revision that the change is based on; refused with 412 when it is another one. */
  revision?: string;
  /** Refuses to change what is there already. */
  ifNew?: boolean;
  /** Keeps a journey that cannot be published as it is. */
  incomplete?: boolean;
};

export async function putDefinition(
  plural: string,
  key: string,
  manifest: Record<string, unknown>,
  { revision, ifNew, incomplete }: PutOptions = {},
): Promise<Definition> {
  if (ifNew && (await definitionIsThere(plural, key))) {
    const message = strings.forms.exists(key);
    throw new ApiError(409, "exists_already", message, [
      { code: "exists_already", message, pointer: "/name" },
    ]);
  }
  const { data, error, response } = await client.PUT(oneOfKind(plural), {
    params: { path: { key }, query: incomplete ? { incomplete } : {} },
    body: manifest as never,
    headers: revision === undefined ? {} : { "If-Match": `"${revision}"` },
  });
  if (!response.ok) throw toApiError(response.status, error);
  return { body: data as Record<string, unknown>, revision: revisionOf(response) };
}

export async function definitionIsThere(plural: string, key: string): Promise<boolean> {
  try {
    await loadDefinition(plural, key);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
}

export const deleteDefinition = (plural: string, key: string) =>
  body(client.DELETE(oneOfKind(plural), { params: { path: { key } } }));

export const draftMapQuery = (key: string, revision: string) =>
  queryOptions({
    queryKey: ["journey", key, "draft-map", revision],
    queryFn: () => readMap(key, "draft"),
    gcTime: 10_000,
  });

/** What stands against publishing the draft. */
export const findingsQuery = (key: string) =>
  queryOptions({
    queryKey: ["journey", key, "findings"],
    queryFn: () =>
      body(client.GET("/api/v1/journeys/{key}/findings", { params: { path: { key } } })),
  });

/** The journeys under way that send travellers into one. */
export const feedersQuery = (key: string) =>
  queryOptions({
    queryKey: ["journey", key, "feeders"],
    queryFn: () =>
      body(client.GET("/api/v1/journeys/{key}/feeders", { params: { path: { key } } })),
  });

/** What publishing the draft would do now; read anew whenever it is looked at. */
export const reviewQuery = (key: string) =>
  queryOptions({
    queryKey: ["journey", key, "review"],
    queryFn: () => body(client.GET("/api/v1/journeys/{key}/review", { params: { path: { key } } })),
    staleTime: 0,
    gcTime: 0,
  });
