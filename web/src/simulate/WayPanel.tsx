// What happens on the way: what people do at the journey's listeners, what services answer, and whatever else happens.
import { ActionIcon, Box, Button, SegmentedControl, Stack, Text, Title } from "@mantine/core";
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
          said={way.deeds}
          add={text.addDeed}
          onAdd={() =>
            onChange({
              ...way,
              deeds: [...way.deeds, { about: "person", after: "1d", fields: {} }],
            })
          }
          onChange={(deeds) => onChange({ ...way, deeds })}
        >
          {(deed, put) => <DeedFields events={events} deed={deed} onChange={put} />}
        </Rows>
      </section>
    </>
  );
}

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
        said={said}
        add={said.length > 0 ? text.addException : undefined}
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
        said={said}
        add={said.length > 0 ? text.addException : undefined}
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
const exception = <T extends { who: Who }>(begun: T): T => ({ ...begun, who: { kind: "one" } });

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
        onChange(spread(said, extent as "nobody" | "half" | "everybody", begun))
      }
    />
  );
}

/** Each of several things that are said; whom the first does not take, the next may. */
function Rows<T>({
  said,
  add,
  onAdd,
  onChange,
  children,
}: {
  said: T[];
  /** What adding one is called, where one can be added. */
  add: string | undefined;
  onAdd: () => void;
  onChange: (said: T[]) => void;
  children: (one: T, put: (one: T) => void) => ReactNode;
}) {
  if (said.length === 0 && !add) return null;
  return (
    <Stack gap="sm">
      {said.map((one, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: what is said has no name of its own
        <Box key={n} className={classes.row}>
          <ActionIcon
            className={classes.remove}
            size="sm"
            variant="subtle"
            color="gray"
            aria-label={text.remove(n + 1)}
            onClick={() => onChange(said.filter((_, m) => m !== n))}
          >
            <X size={14} />
          </ActionIcon>
          {children(one, (next) => onChange(said.map((each, m) => (m === n ? next : each))))}
        </Box>
      ))}
      {add ? (
        <div>
          <Button
            size="compact-xs"
            variant="subtle"
            leftSection={<Plus size={13} aria-hidden />}
            onClick={onAdd}
          >
            {add}
          </Button>
        </div>
      ) : null}
    </Stack>
  );
}
