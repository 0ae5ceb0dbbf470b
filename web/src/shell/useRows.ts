import {
  keepPreviousData,
  type UseInfiniteQueryOptions,
  type UseQueryResult,
  useInfiniteQuery,
} from "@tanstack/react-query";
import type { Rows } from "./DataTable";

/** A list that comes whole, in the shape of one that comes in pages. */
export const wholeRows = <T>(
  query: Pick<UseQueryResult, "error" | "isPending" | "refetch">,
  items: T[] | undefined,
): Rows<T> => ({
  ...(items ? { data: { pages: [{ items, total: items.length }] } } : {}),
  error: query.error,
  isPending: query.isPending,
  hasNextPage: false,
  isFetchingNextPage: false,
  fetchNextPage: () => undefined,
  refetch: query.refetch,
});

const SETTLED = { error: null, isPending: false, refetch: () => undefined };

/** Rows that are at hand, in the same shape. */
export const givenRows = <T>(items: T[]): Rows<T> =>
  wholeRows(SETTLED as unknown as UseQueryResult, items);

/** A paged list that keeps showing the last answer while the next search loads. */
export const useRows = ((options: UseInfiniteQueryOptions) =>
  useInfiniteQuery({ ...options, placeholderData: keepPreviousData })) as typeof useInfiniteQuery;
