// The numbered pins of comments, over the canvas: each at the corner of its block, wherever that has scrolled to.
import type { Editor } from "grapesjs";
import { useEffect, useRef, useState } from "react";
import { strings } from "../strings";
import classes from "./comments.module.css";
import { blockOf, type Thread } from "./threads";

type Props = {
  editor: () => Editor | undefined;
  threads: Thread[];
  onChoose: (thread: Thread) => void;
};
type Spot = { left: number; top: number };

/** Blocks move for many reasons: pictures that load, scrolling, another screen. */
const LOOK_MS = 200;

export function CommentPins({ editor, threads, onChoose }: Props) {
  const overlay = useRef<HTMLDivElement>(null);
  const [spots, setSpots] = useState<Record<number, Spot>>({});
  const pinned = threads.filter(({ pin }) => pin !== undefined);
  const looked = useRef(pinned);
  looked.current = pinned;
  const any = pinned.length > 0;
  useEffect(() => {
    if (!any) return;
    const look = () => {
      const next = spotsOf(editor(), overlay.current, looked.current);
      setSpots((was) => (JSON.stringify(was) === JSON.stringify(next) ? was : next));
    };
    look();
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, [any, editor]);
  return (
    <div ref={overlay} className={classes.pins}>
      {pinned.map((thread) => {
        const spot = spots[thread.first.id];
        return spot && thread.pin ? (
          <button
            key={thread.first.id}
            type="button"
            className={classes.pin}
            style={spot}
            aria-label={strings.comments.pin(thread.pin)}
            onClick={() => onChoose(thread)}
          >
            {thread.pin}
          </button>
        ) : null;
      })}
    </div>
  );
}

function spotsOf(editor: Editor | undefined, overlay: HTMLElement | null, threads: Thread[]) {
  const spots: Record<number, Spot> = {};
  const frame = editor?.Canvas.getFrameEl()?.getBoundingClientRect();
  if (!editor || !overlay || !frame) return spots;
  const around = overlay.getBoundingClientRect();
  const onBlock: Record<string, number> = {};
  for (const { first } of threads) {
    const block = first.block ?? "";
    const at = blockOf(editor, block)?.getEl()?.getBoundingClientRect();
    if (!at) continue;
    // Several on one block stand side by side.
    const before = onBlock[block] ?? 0;
    onBlock[block] = before + 1;
    spots[first.id] = {
      left: Math.round(Math.max(frame.left - around.left + at.left, 2) + before * 26),
      top: Math.round(frame.top - around.top + at.top),
    };
  }
  return spots;
}
