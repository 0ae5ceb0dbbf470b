// What happens on the way: what people do at the journey's listeners, what services answer, and whatever else happens.
import { ActionIcon, Box, Button, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { randomId } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";
import type { ReactNode } from "react";
import { catalogueQuery } from "../api/queries";
import type { EventEntry, JourneyMap } from "../api/types";
import { useNamesOf } from "../definitions/NamedLink";
import map from "../map/map.module.css";
import { strings } from "../strings";
import { DeedFields } from "./DeedFields";
import { ReactionFields } from "./ReactionFields";
import { ReplyFields } from "./ReplyFields";
import classes from "./simulate.module.css";
import {
  type Call,
  callsOf,
  type Deed,
  extentOf,
  type Listener,
  listenersOf,
  type Reaction,
  type Reply,
  soonEnough,
  spread,
  type Way,
  type Who,
} from "./way";

const text = strings.simulate.way;

type Props = { map: JourneyMap; way: Way; onChange: (way: Way) => void };

export function WayPanel({ map: drawn, way, onChange }: Props) {
  const { data: catalogue } = useQuery(catalogueQuery);
  const events = catalogue?.events ?? [];
  const listeners = listenersOf(drawn);
  const calls = callsOf(drawn);
  return (
    <>
      <section className={map.panelSection}>
        <Text size="xs" c="dimmed">
          {listeners.length + calls.length > 0 ? text.hint : text.nothingWaits}
        </Text>
      </section>
      {listeners.map((listener) => (
        <ListenerSection
          key={listener.id}
          subject={drawn.subject}
          listener={listener}
          events={events}
          said={way.reactions[listener.id] ?? []}
          onChange={(said) =>
            onChange({ ...way, reactions: { ...way.reactions, [listener.id]: said } })
          }
        />
      ))}
      {calls.map((call) => (
        <CallSection
          key={call.id}
          subject={drawn.subject}
          call={call}
          said={way.replies[call.id] ?? []}
          onChange={(said) => onChange({ ...way, replies: { ...way.replies, [call.id]: said } })}
        />
      ))}
      <section className={map.panelSection} aria-label={text.deeds}>
        <Title order={3} mb="xs">
          {text.deeds}
        </Title>
        <Rows
          of={text.deeds}
          said={way.deeds}
          add={{ label: text.addDeed }}
          onAdd={() => onChange({ ...way, deeds: [...way.deeds, told<Deed>(A_DEED)] })}
          onChange={(deeds) => onChange({ ...way, deeds })}
        >
          {(deed, put) => <DeedFields events={events} deed={deed} onChange={put} />}
        </Rows>
      </section>
    </>
  );
}

const A_DEED: Deed = { about: "person", after: "1d", fields: {} };

/** One of several things that are said, told from the others while it is on the screen; the API never learns it. */
type Told<T> = T & { row?: string };

const told = <T extends object>(one: T): Told<T> => ({ ...one, row: randomId("row-") });

type SectionProps<T> = {
  subject: JourneyMap["subject"];
  said: T[];
  onChange: (said: T[]) => void;
};

function ListenerSection({
  subject,
  listener,
  events,
  said,
  onChange,
}: SectionProps<Reaction> & { listener: Listener; events: EventEntry[] }) {
  const begun: Reaction = { who: { kind: "all" }, after: soonEnough(listener) };
  return (
    <Asked title={listener.title} kind={text.listener}>
      <Extents
        label={text.whoReacts(listener.title)}
        words={text.reacts}
        said={said}
        begun={begun}
        onChange={onChange}
      />
      <Rows
        of={listener.title}
        said={said}
        add={said.length > 0 ? exceptionAt(listener.title) : undefined}
        onAdd={() => onChange([exception(begun), ...said])}
        onChange={onChange}
      >
        {(reaction, put) => (
          <ReactionFields
            subject={subject}
            listener={listener}
            events={events}
            reaction={reaction}
            onChange={put}
          />
        )}
      </Rows>
    </Asked>
  );
}

function CallSection({ subject, call, said, onChange }: SectionProps<Reply> & { call: Call }) {
  const nameOf = useNamesOf("external_actions");
  const [first] = call.paths;
  const begun: Reply =
    first === undefined
      ? { who: { kind: "all" }, gives: "values", variables: {}, attributes: {} }
      : { who: { kind: "all" }, gives: "path", path: first };
  return (
    <Asked title={call.title} kind={text.service(nameOf(call.service))}>
      <Extents
        label={text.whoIsAnswered(call.title)}
        words={text.isAnswered}
        said={said}
        begun={begun}
        onChange={onChange}
      />
      <Rows
        of={call.title}
        said={said}
        add={said.length > 0 ? exceptionAt(call.title) : undefined}
        onAdd={() => onChange([exception(begun), ...said])}
        onChange={onChange}
      >
        {(reply, put) => <ReplyFields subject={subject} call={call} reply={reply} onChange={put} />}
      </Rows>
    </Asked>
  );
}

function Asked({ title, kind, children }: { title: string; kind: string; children: ReactNode }) {
  return (
    <section className={map.panelSection} aria-label={title}>
      <Title order={3}>{title}</Title>
      <Text size="xs" c="dimmed" mb="xs">
        {kind}
      </Text>
      <Stack gap="sm">{children}</Stack>
    </section>
  );
}

/** What is said first goes first: of one traveller before all of them. */
const exception = <T extends { who: Who }>(begun: T): Told<T> =>
  told({ ...begun, who: { kind: "one" } });

const exceptionAt = (node: string): Add => ({
  label: text.addException,
  name: text.addExceptionAt(node),
});

/** Nobody, half or everybody with one click. */
function Extents<T extends { who: Who }>({
  label,
  words,
  said,
  begun,
  onChange,
}: {
  label: string;
  words: { nobody: string; half: string; everybody: string };
  said: T[];
  begun: T;
  onChange: (said: T[]) => void;
}) {
  return (
    <SegmentedControl
      size="xs"
      fullWidth
      aria-label={label}
      data={(["nobody", "half", "everybody"] as const).map((value) => ({
        value,
        label: words[value],
      }))}
      value={extentOf(said)}
      onChange={(extent) =>
        onChange(spread(said, extent as "nobody" | "half" | "everybody", told(begun)))
      }
    />
  );
}

/** What adding one is called, and to whom the label alone does not say where. */
type Add = { label: string; name?: string };

/** Each of several things that are said; whom the first does not take, the next may. */
function Rows<T extends object>({
  of,
  said,
  add,
  onAdd,
  onChange,
  children,
}: {
  /** What they are said of. */
  of: string;
  said: Told<T>[];
  /** None where none can be added. */
  add: Add | undefined;
  onAdd: () => void;
  onChange: (said: T[]) => void;
  children: (one: T, put: (one: T) => void) => ReactNode;
}) {
  if (said.length === 0 && !add) return null;
  const put = (at: Told<T>, next: T) =>
    onChange(said.map((each) => (each === at ? { ...next, row: at.row } : each)));
  return (
    <Stack gap="sm">
      {said.map((one, n) => (
        <Box key={one.row ?? n} className={classes.row}>
          <ActionIcon
            className={classes.remove}
            size="sm"
            variant="subtle"
            color="gray"
            aria-label={text.remove(n + 1, of)}
            onClick={() => onChange(said.filter((each) => each !== one))}
          >
            <X size={14} />
          </ActionIcon>
          {children(one, (next) => put(one, next))}
        </Box>
      ))}
      {add ? (
        <div>
          <Button
            size="compact-xs"
            variant="subtle"
            leftSection={<Plus size={13} aria-hidden />}
            aria-label={add.name}
            onClick={onAdd}
          >
            {add.label}
          </Button>
        </div>
      ) : null}
    </Stack>
  );
}
