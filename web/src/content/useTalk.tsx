// What the designer knows of the comments on its content: their threads, the panel, and the one whose pin was chosen.
import { Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import type { Editor } from "grapesjs";
import { useCallback, useEffect, useReducer, useRef, useState } from "react";
import { useMayWrite } from "../admin/useMay";
import { commentsQuery, type TalkedOf } from "../api/comments";
import { ApiError } from "../api/problem";
import type { Fields } from "../editor/manifest";
import { Refusal } from "../journeys/Refusal";
import { strings } from "../strings";
import { CommentPanel } from "./CommentPanel";
import { blockOf, type Thread, threadsOf } from "./threads";

const KINDS: Record<string, TalkedOf> = {
  email_template: "email_templates",
  fragment: "fragments",
};

/** Where comments are shown beside the design as it is drawn, or as it is written. */
type Opened = (() => Editor | undefined) | Written;
export type Written = {
  /** Whether the code names this block. */
  holds: (block: string) => boolean;
  goTo: (block: string) => void;
};

/** The comment that the address names: the one of a notice. */
export const useLinkedComment = () =>
  (useSearch({ strict: false }) as { comment?: number }).comment;

/** Shows what a notice leads to where it leads to something that is open already. */
export function useFollowed(show: () => void) {
  const linked = useLinkedComment();
  const [seen, setSeen] = useState(linked);
  if (linked === seen) return;
  setSeen(linked);
  if (linked !== undefined) show();
}

export function useTalk(body: Fields, definition: string, opened: Opened) {
  const of = KINDS[String(body.kind)] ?? "emails";
  const { data, error, refetch } = useQuery(commentsQuery(of, definition));
  const mayWrite = useMayWrite(String(body.kind)).write;
  const linked = useLinkedComment();
  const [asked, show] = useState<boolean>();
  // The editor keeps the design and what is chosen in it to itself: it is looked at anew when told so.
  const [, look] = useReducer((n: number) => n + 1, 0);
  const [chosen, setCurrent] = useState<number>();
  useFollowed(() => {
    setCurrent(undefined);
    show(undefined);
  });
  const drawn = typeof opened === "function";
  const latest = useRef(opened);
  latest.current = opened;
  const editor = useCallback(
    () => (typeof latest.current === "function" ? latest.current() : undefined),
    [],
  );
  const comments = data?.items ?? [];
  const named = comments.find(({ id }) => id === linked);
  const unknown = linked !== undefined && data !== undefined && !named;
  // A notice may know of a comment that was written since they were read.
  useEffect(() => {
    if (unknown && linked !== undefined) void refetch();
  }, [unknown, linked, refetch]);
  const first = named?.answers ?? named?.id;
  const current = chosen ?? first;
  // What a notice leads to is shown, settled or not.
  const shown = asked ?? comments.some((each) => each.id === first && each.resolved_by !== null);
  const threads = threadsOf(comments, shown, (block) => {
    if (!drawn) return opened.holds(block);
    const designed = editor();
    return designed !== undefined && blockOf(designed, block) !== undefined;
  });
  const choose = ({ first }: Thread) => setCurrent(first.id);
  const goTo = (thread: Thread) => {
    choose(thread);
    if (!drawn) {
      opened.goTo(thread.first.block ?? "");
      return;
    }
    const designed = editor();
    const block = designed && blockOf(designed, thread.first.block ?? "");
    if (block) designed.select(block, { scroll: true });
  };
  const panel = (() => {
    if (error instanceof ApiError && error.status === 404) {
      return <Text size="sm">{strings.comments.unsaved}</Text>;
    }
    if (error) return <Refusal error={error} />;
    if (!data) return <Skeleton height={120} />;
    return (
      <CommentPanel
        of={of}
        definition={definition}
        editor={drawn ? editor : undefined}
        threads={threads}
        mentionable={data.mentionable}
        mayWrite={mayWrite}
        resolved={{ count: comments.filter((each) => each.resolved_by).length, shown, show }}
        current={current}
        onGoTo={goTo}
      />
    );
  })();
  const open = comments.filter(({ answers, resolved_by }) => answers === null && !resolved_by);
  return { editor, threads, choose, look, panel, open: open.length };
}
