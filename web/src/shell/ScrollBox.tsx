// A table that is wider than its place scrolls in a box of its own, and shows at which side it goes on.
import { useMergedRef, useResizeObserver } from "@mantine/hooks";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import classes from "./shell.module.css";

type More = { left: boolean; right: boolean };
const NOTHING: More = { left: false, right: false };

export function ScrollBox({ label, children }: { label: string; children: ReactNode }) {
  const box = useRef<HTMLElement>(null);
  const [sized, { width }] = useResizeObserver<HTMLElement>();
  const [more, setMore] = useState(NOTHING);
  const look = useCallback(() => {
    const now = box.current ? moreOf(box.current) : NOTHING;
    setMore((before) => (before.left === now.left && before.right === now.right ? before : now));
  }, []);
  // After every drawing too: rows that arrive make a table wider than its box stays.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the width is why to look again
  useEffect(look, [look, width, children]);
  return (
    <div
      className={classes.scrollFrame}
      data-more-left={more.left || undefined}
      data-more-right={more.right || undefined}
    >
      <section
        ref={useMergedRef(box, sized)}
        className={classes.tableScroll}
        // Within reach of the keyboard while it scrolls; else it is nothing to stop at.
        tabIndex={more.left || more.right ? 0 : undefined}
        aria-label={label}
        onScroll={look}
      >
        {children}
      </section>
    </div>
  );
}

/** A pixel of rounding is nothing to scroll to. */
const moreOf = ({ scrollLeft, scrollWidth, clientWidth }: HTMLElement): More => ({
  left: scrollLeft > 1,
  right: scrollWidth - clientWidth - scrollLeft > 1,
});
