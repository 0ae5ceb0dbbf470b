import { useMemo, useState } from "react";

/** Which rows of a list are chosen, by key. */
export type Chosen = {
  keys: ReadonlySet<string>;
  toggle: (key: string) => void;
  set: (keys: string[]) => void;
};

export function useChosen(): Chosen {
  const [keys, setKeys] = useState<ReadonlySet<string>>(new Set());
  return useMemo(
    () => ({
      keys,
      toggle: (key) =>
        setKeys((now) => {
          const next = new Set(now);
          if (!next.delete(key)) next.add(key);
          return next;
        }),
      set: (next) => setKeys(new Set(next)),
    }),
    [keys],
  );
}
