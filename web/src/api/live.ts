// Counts as they change: the server's event stream, and polling while the stream is down.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { statusQuery } from "./queries";
import type { JourneyStatus } from "./types";

const POLL_MS = 4_000;

/** Keeps a journey's status fresh in the cache; cards and paths read their own slice of it. */
export function useLiveStatus(key: string) {
  const cache = useQueryClient();
  const [stream, setStream] = useState<"opening" | "open" | "down">("opening");
  useEffect(() => {
    const source = new EventSource(`/api/v1/events/stream?journey=${encodeURIComponent(key)}`);
    source.onopen = () => setStream("open");
    source.onerror = () => setStream("down");
    source.addEventListener("status", (event) => {
      const status = readStatus(event.data);
      if (status?.key === key) cache.setQueryData(statusQuery(key).queryKey, status);
    });
    return () => source.close();
  }, [cache, key]);
  const query = useQuery({
    ...statusQuery(key),
    refetchInterval: stream === "open" ? false : POLL_MS,
  });
  return { ...query, stream };
}

/** A torn or foreign event is dropped: the next one or the poll brings the counts. */
function readStatus(text: string): JourneyStatus | undefined {
  try {
    return JSON.parse(text) as JourneyStatus;
  } catch {
    return undefined;
  }
}
