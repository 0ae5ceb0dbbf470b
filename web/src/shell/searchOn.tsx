// The server looks at so many rows for one page of a search: a page may be empty, and the list go on.
import { Button, Group, Loader, Skeleton, Stack, Text } from "@mantine/core";
import { useEffect } from "react";
import { strings } from "../strings";
import type { Rows } from "./DataTable";
import { ErrorNotice } from "./ErrorNotice";

const text = strings.list.searching;
/** Rows that are looked at for one page, where it comes back short. */
const LOOKED_AT = 5_000;
/** After so many empty pages in a row somebody is asked whether to go on. */
const BY_ITSELF = 10;

/** How many pages at the end of what came are empty. */
function emptyAtEnd<T>(rows: Rows<T>): number {
  const pages = rows.data?.pages ?? [];
  return pages.length - 1 - pages.findLastIndex((page) => page.items.length > 0);
}

/** Whether what came ends with pages in which nothing was found, though the list goes on. */
export const isUnfinished = <T,>(rows: Rows<T>) => rows.hasNextPage && emptyAtEnd(rows) > 0;

/** Follows empty pages, so many in a row; says whether it still does. */
export function useSearchOn<T>(rows: Rows<T>): boolean {
  const { isFetchingNextPage, isPlaceholderData, fetchNextPage, error } = rows;
  const tired = emptyAtEnd(rows) % BY_ITSELF === 0;
  const goesOn = isUnfinished(rows) && !isPlaceholderData && !error && !tired;
  useEffect(() => {
    if (goesOn && !isFetchingNextPage) void fetchNextPage();
  }, [goesOn, isFetchingNextPage, fetchNextPage]);
  return goesOn || (isUnfinished(rows) && isFetchingNextPage);
}

/** Behind rows: how far it was looked without finding more. */
export const wordsOfSearch = <T,>(rows: Rows<T>) => text.lookedOn(emptyAtEnd(rows) * LOOKED_AT);

/** In place of rows: how far it was looked, and the way on. */
export function SearchOn<T>({ rows, goesOn }: { rows: Rows<T>; goesOn: boolean }) {
  const looked = emptyAtEnd(rows) * LOOKED_AT;
  if (rows.isPlaceholderData) return <Skeleton height={120} />;
  if (rows.error && !rows.isFetchingNextPage)
    return <ErrorNotice error={rows.error} onRetry={rows.fetchNextPage} />;
  return (
    <Stack align="center" gap="sm" py="xl">
      <Group gap="xs">
        {goesOn ? <Loader size={14} /> : null}
        <Text size="sm" c="dimmed" role="status">
          {goesOn ? text.goesOn(looked) : text.nothingAmong(looked)}
        </Text>
      </Group>
      {goesOn ? null : (
        <Button size="xs" variant="default" onClick={() => rows.fetchNextPage()}>
          {text.searchOn}
        </Button>
      )}
    </Stack>
  );
}
