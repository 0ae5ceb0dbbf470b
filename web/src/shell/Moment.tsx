import { Text, Tooltip } from "@mantine/core";
import { useSyncExternalStore } from "react";
import { formatInstant, formatRelative } from "./format";

let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void) {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 15_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** One clock for all relative times on the page. */
export const useNow = () => useSyncExternalStore(subscribe, () => now);

/** A time in words, with the exact instant in the user's zone on hover. */
export function Moment({ at, dimmed }: { at: string | null | undefined; dimmed?: boolean }) {
  const current = useNow();
  return (
    <Tooltip label={formatInstant(at)} disabled={!at}>
      <Text span inherit c={dimmed ? "dimmed" : undefined} style={{ whiteSpace: "nowrap" }}>
        <time dateTime={at ?? undefined}>{formatRelative(at, Math.max(current, Date.now()))}</time>
      </Text>
    </Tooltip>
  );
}
