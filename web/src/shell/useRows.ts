import {
  keepPreviousData,
  type UseInfiniteQueryOptions,
  useInfiniteQuery,
} from "@tanstack/react-query";

/** A paged list that keeps showing the last answer while the next search loads. */
export const useRows = ((options: UseInfiniteQueryOptions) =>
  useInfiniteQuery({ ...options, placeholderData: keepPreviousData })) as typeof useInfiniteQuery;
