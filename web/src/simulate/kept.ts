// What was set for the simulation of a journey; kept while the page is open, also behind another tab of the journey.
import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { NOTHING, type Way } from "./way";

export type Asked = { from: string; until: string; follow: string | undefined; way: Way };

const A_DAY_MS = 86_400_000;
const DAYS = 30;

const keptQuery = (journey: string) =>
  queryOptions({
    queryKey: ["simulation asked", journey],
    queryFn: (): Asked => ({ ...aMonth(), follow: undefined, way: NOTHING }),
    initialData: (): Asked => ({ ...aMonth(), follow: undefined, way: NOTHING }),
    // Not asked again either when all that was read is read anew.
    staleTime: "static",
    gcTime: Number.POSITIVE_INFINITY,
  });

export function useAsked(journey: string) {
  const cache = useQueryClient();
  const { data } = useQuery(keptQuery(journey));
  const put = useCallback(
    (part: Partial<Asked>) =>
      cache.setQueryData(keptQuery(journey).queryKey, (now) => now && { ...now, ...part }),
    [cache, journey],
  );
  return [data, put] as const;
}

function aMonth() {
  const from = new Date();
  from.setSeconds(0, 0);
  const until = new Date(from.getTime() + DAYS * A_DAY_MS);
  return { from: plain(from), until: plain(until) };
}

const plain = (date: Date) => date.toISOString().replace(".000Z", "Z");
