import { Text, Tooltip } from "@mantine/core";
import { useSyncExternalStore } from "react";
import { useExactTimes } from "./exactTimes";
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

const EVENTS = { hover: true, focus: true, touch: true };

/** One clock for all relative times on the page. */
export const useNow = () => useSyncExternalStore(subscribe, () => now);

/**
 * A time in words, with the exact instant in the user's zone on hover or at a touch; the other way round for whoever has
 * times told exactly.
 */
export function Moment({ at, dimmed }: { at: string | null | undefined; dimmed?: boolean }) {
  const words = formatRelative(at, Math.max(useNow(), Date.now()));
  const instant = formatInstant(at);
  const [told, beside] = useExactTimes() ? [instant, words] : [words, instant];
  return (
    <Tooltip label={beside} disabled={!at} events={EVENTS}>
      <Text span inherit c={dimmed ? "dimmed" : undefined} style={{ whiteSpace: "nowrap" }}>
        <time dateTime={at ?? undefined}>{told}</time>
      </Text>
    </Tooltip>
  );
}
