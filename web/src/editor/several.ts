// Nodes that are chosen together, to be copied or deleted as one.
import { useCallback, useMemo, useRef, useState } from "react";
import { ENTRY } from "./manifest";

const NONE: ReadonlySet<string> = new Set();

export type Several = {
  ids: ReadonlySet<string>;
  /** Every click takes one more, until it is switched off. */
  picking: boolean;
  setPicking: (picking: boolean) => void;
  choose: (ids: Iterable<string>) => void;
  clear: () => void;
};

/** `open` chooses one node alone, or takes it to the others; `select` shows one node's properties. */
export function useSeveral(
  selected: string | undefined,
  select: (id: string | undefined) => void,
): Several & { open: (id: string | undefined, beside?: boolean) => void } {
  const [ids, setIds] = useState(NONE);
  const [picking, setPicking] = useState(false);
  // What a click means is read when it comes, so that no card is drawn again for it.
  const now = useRef({ picking, selected });
  now.current = { picking, selected };
  const open = useCallback(
    (id: string | undefined, beside = false) => {
      const { picking, selected } = now.current;
      if (id === undefined || id === ENTRY || !(beside || picking)) {
        setIds(NONE);
        select(id);
        return;
      }
      setIds((before) => toggled(before.size === 0 && selected ? [selected] : before, id));
      select(undefined);
    },
    [select],
  );
  return useMemo(
    () => ({
      ids,
      picking,
      setPicking,
      choose: (next: Iterable<string>) => {
        select(undefined);
        setIds(new Set(next));
      },
      clear: () => {
        setIds(NONE);
        setPicking(false);
      },
      open,
    }),
    [ids, picking, select, open],
  );
}

function toggled(before: Iterable<string>, id: string): ReadonlySet<string> {
  const next = new Set(before);
  next.delete(ENTRY);
  if (!next.delete(id)) next.add(id);
  return next;
}
