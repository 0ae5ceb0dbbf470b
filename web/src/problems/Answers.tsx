// Answers to text messages that somebody shall look at: whether a stop that was understood from a sentence was meant.
import { Button, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleCheck } from "lucide-react";
import { useMay } from "../admin/useMay";
import { type AnswerState, answersQuery, settleAnswers } from "../api/answers";
import type { TextAnswer } from "../api/types";
import { NamedLink } from "../definitions/NamedLink";
import { momentColumn, textColumn } from "../shell/columns";
import type { Column } from "../shell/DataTable";
import { at, LinkTo } from "../shell/LinkTo";
import { ListSection } from "../shell/ListPage";
import { useSearchText } from "../shell/ListTools";
import { useStates } from "../shell/StateFilter";
import { StateSwitch } from "../shell/StateSwitch";
import shell from "../shell/shell.module.css";
import { tellFailure } from "../shell/tellFailure";
import { useRows } from "../shell/useRows";
import { strings } from "../strings";

const text = strings.answers;

const STATES = (["open", "done"] as const).map((value) => ({ value, label: text.states[value] }));

const nameOf = ({ person }: TextAnswer) => person.name ?? person.key;

const COLUMNS: Column<TextAnswer>[] = [
  {
    id: "person",
    label: text.columns.person,
    fixed: true,
    value: nameOf,
    cell: (row) => (
      <LinkTo className={shell.nameLink} to={at("/people", row.person.key)}>
        {nameOf(row)}
      </LinkTo>
    ),
  },
  {
    id: "text",
    label: text.columns.text,
    value: (row) => row.text,
    cell: (row) => (
      <Text inherit miw={200} maw={420} style={{ overflowWrap: "anywhere" }}>
        {row.text}
      </Text>
    ),
  },
  {
    id: "answered",
    label: text.columns.answered,
    value: ({ answered }) => answered?.sms_message ?? text.unknown,
    cell: ({ answered }) => <Answered answered={answered} />,
  },
  momentColumn("at", text.columns.at, (row) => row.at),
];

const DONE: Column<TextAnswer>[] = [
  textColumn("done_by", text.columns.doneBy, (row) => row.done_by),
  momentColumn("done_at", text.columns.doneAt, (row) => row.done_at),
];

/** The text before the answer, and the card of the journey that sent it. */
function Answered({ answered }: Pick<TextAnswer, "answered">) {
  if (!answered) return text.unknown;
  const { sms_message: message, journey, node } = answered;
  return (
    <>
      <NamedLink plural="sms_messages" of={message} />
      <Text size="xs" c="dimmed">
        {journey ? <NamedLink plural="journeys" of={journey} /> : text.byHand}
        {journey && node ? (
          <>
            {" · "}
            <LinkTo to={`${at("/journeys", journey)}?node=${encodeURIComponent(node)}`}>
              {node}
            </LinkTo>
          </>
        ) : null}
      </Text>
    </>
  );
}

export function Answers() {
  const state: AnswerState = useStates() === "done" ? "done" : "open";
  const rows = useRows(answersQuery(state, useSearchText()));
  const maySettle = useMay()?.("customers:write") === true;
  const settle = useSettle(state === "done" ? "open" : "done");
  const words = state === "done" ? text.reopen : text.done;
  const named = state === "done" ? text.reopenNamed : text.doneNamed;
  const actions: Column<TextAnswer> = {
    id: "actions",
    label: text.columns.actions,
    cell: (row) => (
      <Button
        size="compact-xs"
        variant={state === "done" ? "default" : "light"}
        disabled={settle.isPending}
        aria-label={named(nameOf(row))}
        onClick={() => settle.mutate([row.id])}
      >
        {words}
      </Button>
    ),
  };
  const columns = [...COLUMNS, ...(state === "done" ? DONE : []), ...(maySettle ? [actions] : [])];
  const bulk = (chosen: TextAnswer[], done: () => void) => (
    <Button
      size="xs"
      variant="light"
      loading={settle.isPending}
      onClick={() =>
        settle.mutate(
          chosen.map(({ id }) => id),
          { onSuccess: done },
        )
      }
    >
      {words}
    </Button>
  );
  return (
    <>
      <Text size="sm" c="dimmed" mb="sm">
        {text.hint}
      </Text>
      <ListSection
        id={`text_answers_${state}`}
        title={text.tab}
        searchLabel={text.search}
        rows={rows}
        columns={columns}
        rowKey={(row) => row.id}
        filters={<StateSwitch size="xs" label={text.state} value={state} states={STATES} />}
        empty={
          state === "done"
            ? { icon: CircleCheck, title: text.emptyDone, hint: text.emptyDoneHint }
            : { icon: CircleCheck, title: text.empty, hint: text.emptyHint }
        }
        {...(maySettle ? { bulk } : {})}
      />
    </>
  );
}

/** Settles, says so, and has the lists read again. */
function useSettle(becomes: AnswerState) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (ids: string[]) => settleAnswers(becomes, ids),
    onSuccess: ({ ids }) => {
      const told = becomes === "done" ? text.settled : text.reopened;
      notifications.show({ message: told(ids.length) });
      return cache.invalidateQueries({ queryKey: ["text_answers"] });
    },
    onError: tellFailure,
  });
}
