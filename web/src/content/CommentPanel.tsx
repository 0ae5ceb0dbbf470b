// Beside the design: what people say of it, of the whole or of one block; said, answered, pinned and settled here.
import {
  ActionIcon,
  Badge,
  Button,
  Checkbox,
  Group,
  Menu,
  ScrollArea,
  Switch,
  Text,
  Textarea,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Editor } from "grapesjs";
import { AtSign, Ellipsis } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import {
  commentsQuery,
  eraseComment,
  rewrite,
  type Said,
  type Standing,
  say,
  setThread,
  type TalkedOf,
} from "../api/comments";
import { sessionQuery } from "../api/queries";
import type { Comment } from "../api/types";
import { Moment } from "../shell/Moment";
import { strings } from "../strings";
import classes from "./comments.module.css";
import { chosenBlock } from "./parts";
import { idOf, quoted, type Thread } from "./threads";

const text = strings.comments;

type Props = {
  of: TalkedOf;
  definition: string;
  /** The designer, once it is open; none where the content is written as code. */
  editor: (() => Editor | undefined) | undefined;
  threads: Thread[];
  mentionable: string[];
  /** Whether whoever looks may comment. */
  mayWrite: boolean;
  /** How many are resolved, and whether they are shown. */
  resolved: { count: number; shown: boolean; show: (shown: boolean) => void };
  /** The thread whose pin was chosen. */
  current: number | undefined;
  onGoTo: (thread: Thread) => void;
};

export function CommentPanel(props: Props) {
  const { of, definition, editor, threads, mentionable, mayWrite, resolved } = props;
  const cache = useQueryClient();
  const done = {
    onSuccess: () => cache.invalidateQueries({ queryKey: commentsQuery(of, definition).queryKey }),
    onError: (error: Error) => notifications.show({ color: "red", message: error.message }),
  };
  const told = useMutation({ mutationFn: (said: Said) => say(of, definition, said), ...done });
  const set = useMutation({
    mutationFn: ({ id, ...standing }: Standing & { id: number }) =>
      setThread(of, definition, id, standing),
    ...done,
  });
  const anew = useMutation({
    mutationFn: ({ id, written }: { id: number; written: string }) =>
      rewrite(of, definition, id, written),
    ...done,
  });
  const erase = useMutation({
    mutationFn: (id: number) => eraseComment(of, definition, id),
    ...done,
  });
  const block = () => {
    const opened = editor?.();
    return opened && chosenBlock(opened);
  };
  const place = (thread: Thread) => {
    const chosen = block();
    if (!chosen) {
      notifications.show({ color: "yellow", message: text.placeFirst });
      return;
    }
    set.mutate({
      id: thread.first.id,
      block: idOf(chosen),
      resolved: Boolean(thread.first.resolved_by),
    });
    notifications.show({ message: text.placed });
  };
  const begin = async (written: string, pinned: boolean) => {
    const chosen = pinned ? block() : undefined;
    await told.mutateAsync({ text: written, ...(chosen ? { block: idOf(chosen) } : {}) });
    if (chosen) notifications.show({ message: text.placed });
  };
  return (
    <div className={classes.panel}>
      {mayWrite ? (
        <Composer
          label={text.say}
          mentionable={mentionable}
          block={() => block()?.getName()}
          busy={told.isPending}
          onSend={begin}
        />
      ) : null}
      {threads.length === 0 ? (
        <div>
          <Text size="sm" fw={600}>
            {resolved.count > 0 ? text.allResolved : text.none}
          </Text>
          <Text size="xs" c="dimmed">
            {editor ? text.noneHint : text.noneInCode}
          </Text>
        </div>
      ) : null}
      <ScrollArea.Autosize mah={420} type="auto">
        <ul className={classes.threads}>
          {threads.map((thread) => (
            <Talk
              key={thread.first.id}
              thread={thread}
              current={thread.first.id === props.current}
              mayWrite={mayWrite}
              mentionable={mentionable}
              busy={told.isPending}
              onGoTo={() => props.onGoTo(thread)}
              onAnswer={(written) => told.mutateAsync({ text: written, answers: thread.first.id })}
              onPlace={editor ? () => place(thread) : undefined}
              onSet={(standing) => set.mutate({ id: thread.first.id, ...standing })}
              onRewrite={(id, written) => anew.mutateAsync({ id, written })}
              onErase={(id) => erase.mutate(id)}
            />
          ))}
        </ul>
      </ScrollArea.Autosize>
      {resolved.count > 0 ? (
        <Switch
          size="xs"
          label={text.showResolved(resolved.count)}
          checked={resolved.shown}
          onChange={(event) => resolved.show(event.currentTarget.checked)}
        />
      ) : null}
    </div>
  );
}

type ComposerProps = {
  label: string;
  /** What the button says; the usual word when left out. */
  word?: string;
  begin?: string;
  mentionable: string[];
  /** What the chosen block is called, where a thread can be pinned. */
  block?: () => string | undefined;
  busy: boolean;
  onSend: (written: string, pinned: boolean) => Promise<unknown>;
};

function Composer(props: ComposerProps) {
  const { label, word, begin = "", mentionable, block, busy, onSend } = props;
  const [written, setWritten] = useState(begin);
  const [pinned, setPinned] = useState(true);
  const chosen = block?.();
  const send = () =>
    onSend(written, pinned && chosen !== undefined).then(
      () => setWritten(""),
      () => undefined,
    );
  return (
    <div className={classes.composer}>
      <Textarea
        size="xs"
        autosize
        minRows={2}
        maxRows={8}
        maxLength={2000}
        aria-label={label}
        placeholder={text.placeholder}
        value={written}
        onChange={(event) => setWritten(event.currentTarget.value)}
      />
      {chosen !== undefined ? (
        <Checkbox
          size="xs"
          label={text.pinTo(chosen)}
          checked={pinned}
          onChange={(event) => setPinned(event.currentTarget.checked)}
        />
      ) : null}
      <Group gap={6} justify="space-between">
        <Menu position="bottom-start" shadow="md" withinPortal>
          <Menu.Target>
            <ActionIcon
              variant="default"
              aria-label={text.mention}
              disabled={mentionable.length === 0}
            >
              <AtSign size={14} aria-hidden />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown mah={260} style={{ overflowY: "auto" }}>
            {mentionable.map((address) => (
              <Menu.Item
                key={address}
                onClick={() => setWritten(`${written.trimEnd()} @${address} `.trimStart())}
              >
                {address}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
        <Button size="xs" disabled={written.trim() === ""} loading={busy} onClick={send}>
          {word ?? (block ? text.send : text.answer)}
        </Button>
      </Group>
    </div>
  );
}

type TalkProps = {
  thread: Thread;
  current: boolean;
  mayWrite: boolean;
  mentionable: string[];
  busy: boolean;
  onGoTo: () => void;
  onAnswer: (written: string) => Promise<unknown>;
  /** None where there are no blocks to choose. */
  onPlace: (() => void) | undefined;
  onSet: (standing: Standing) => void;
  onRewrite: (id: number, written: string) => Promise<unknown>;
  onErase: (id: number) => void;
};

function Talk({ thread, current, mayWrite, mentionable, busy, ...on }: TalkProps) {
  const { first, answers, pin } = thread;
  /** What an answer begins with; none: nobody is answering. */
  const [answering, setAnswering] = useState<string>();
  /** The comment that its author writes anew. */
  const [rewriting, setRewriting] = useState<number>();
  const { data: session } = useQuery(sessionQuery);
  const resolved = Boolean(first.resolved_by);
  const place = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (current) place.current?.scrollIntoView({ block: "nearest" });
  }, [current]);
  const items = (comment: Comment) => (
    <>
      <Menu.Item onClick={() => setAnswering(quoted(comment.text))}>{text.quote}</Menu.Item>
      {comment.by === session?.user.email ? (
        <Menu.Item onClick={() => setRewriting(comment.id)}>{text.rewrite}</Menu.Item>
      ) : null}
      {comment === first && on.onPlace ? (
        <Menu.Item onClick={on.onPlace}>{text.place}</Menu.Item>
      ) : null}
      {comment === first && first.block ? (
        <Menu.Item onClick={() => on.onSet({ block: null, resolved })}>{text.remove}</Menu.Item>
      ) : null}
      <Menu.Item color="red" onClick={() => on.onErase(comment.id)}>
        {text.erase}
      </Menu.Item>
    </>
  );
  const line = (comment: Comment) =>
    comment.id === rewriting ? (
      <Composer
        label={text.rewriteLabel}
        word={text.rewriteSend}
        begin={comment.text}
        mentionable={mentionable}
        busy={busy}
        onSend={(written) => on.onRewrite(comment.id, written).then(() => setRewriting(undefined))}
      />
    ) : (
      <Line comment={comment} items={mayWrite ? items(comment) : null} />
    );
  return (
    <li ref={place} className={classes.thread} data-current={current || undefined}>
      <Group gap={6} mb={4}>
        {pin ? (
          <button
            type="button"
            className={classes.number}
            aria-label={text.toBlock(pin)}
            onClick={on.onGoTo}
          >
            {pin}
          </button>
        ) : (
          <Badge size="xs" variant="light" color="gray" tt="none">
            {text.general}
          </Badge>
        )}
        {first.resolved_by ? (
          <Text size="xs" c="dimmed">
            {text.resolvedBy(first.resolved_by)}
            {first.resolved_at ? (
              <>
                {", "}
                <Moment at={first.resolved_at} />
              </>
            ) : null}
          </Text>
        ) : null}
      </Group>
      {line(first)}
      {answers.map((answer) => (
        <div key={answer.id} className={classes.answer}>
          {line(answer)}
        </div>
      ))}
      {answering !== undefined ? (
        <Composer
          key={answering}
          label={text.answerLabel}
          begin={answering}
          mentionable={mentionable}
          busy={busy}
          onSend={(written) => on.onAnswer(written).then(() => setAnswering(undefined))}
        />
      ) : null}
      {mayWrite ? (
        <Group gap={4} mt={4}>
          {answering === undefined ? (
            <Button size="compact-xs" variant="subtle" onClick={() => setAnswering("")}>
              {text.answer}
            </Button>
          ) : null}
          <Button
            size="compact-xs"
            variant="subtle"
            onClick={() => on.onSet({ block: first.block ?? null, resolved: !resolved })}
          >
            {resolved ? text.reopen : text.resolve}
          </Button>
        </Group>
      ) : null}
    </li>
  );
}

function Line({ comment, items }: { comment: Comment; items: ReactNode }) {
  return (
    <>
      <Group gap={4} justify="space-between" wrap="nowrap" align="flex-start">
        <div className={classes.who}>
          <Text size="xs" fw={600}>
            {comment.by}
          </Text>
          <Text size="xs" c="dimmed" component="div">
            <Moment at={comment.at} />
            {comment.edited_at ? ` · ${text.edited}` : null}
          </Text>
        </div>
        {items ? (
          <Menu position="bottom-end" shadow="md" withinPortal>
            <Menu.Target>
              <ActionIcon
                size="sm"
                variant="subtle"
                color="gray"
                aria-label={text.more(comment.by)}
              >
                <Ellipsis size={14} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>{items}</Menu.Dropdown>
          </Menu>
        ) : null}
      </Group>
      {comment.text.split("\n").map((line, at) => (
        <Text
          // biome-ignore lint/suspicious/noArrayIndexKey: lines of one text stay where they are
          key={at}
          size="sm"
          className={line.startsWith(">") ? classes.quote : classes.said}
        >
          {line.replace(/^>\s?/, "") || "\u00a0"}
        </Text>
      ))}
    </>
  );
}
