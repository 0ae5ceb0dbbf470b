// Listen for an event: which, with which constraints, and what happens when nothing is heard.
import {
  Button,
  Divider,
  Fieldset,
  Group,
  SegmentedControl,
  Stack,
  Switch,
  Text,
} from "@mantine/core";
import { Plus } from "lucide-react";
import { useState } from "react";
import { ConditionField } from "../conditions/ConditionField";
import { strings } from "../strings";
import { setTimeoutPath } from "./changes";
import { useEditor } from "./EditorScene";
import { EventForm } from "./EventForm";
import { Leaving } from "./Leaving";
import { type Fields, isRecord, type NodeBody, timeoutOf, write } from "./manifest";
import type { NodeFormProps } from "./NodeEditor";
import { DurationFields } from "./WaitForm";

const text = strings.editor.listen;

type Props = NodeFormProps & { node: NodeBody; id: string };

export function ListenForm({ manifest, at, errors, node, id }: Props) {
  const { set } = useEditor();
  const put = (field: string, value: unknown) =>
    set((now) => write(now, `${at}/${field}`, value), `${at}/${field}`);
  return (
    <Stack gap="md">
      {manifest.subject === "account" ? (
        <OneEvent at={at} errors={errors} node={node} />
      ) : (
        <Events
          value={eventList(node)}
          errors={errors}
          under="/events"
          onChange={(events) =>
            set((now) => {
              const { event: _, ...rest } = node;
              return write(now, at, { ...rest, events });
            }, `${at}/events`)
          }
        />
      )}
      <ConditionField
        label={text.filters}
        subject="person"
        inJourney
        error={errors.get("/filters")}
        value={node.filters}
        onChange={(filters) => put("filters", filters)}
      />
      <Divider />
      <Timeout at={at} errors={errors} node={node} id={id} />
    </Stack>
  );
}

function OneEvent({ at, errors, node }: Pick<Props, "at" | "errors" | "node">) {
  const { catalogue, set } = useEditor();
  const event = isRecord(node.event) ? node.event : undefined;
  const known = catalogue.events.find((each) => each.type === event?.activity);
  const [about, setAbout] = useState<"account" | "person">(
    known?.subject === "account" ? "account" : "person",
  );
  return (
    <>
      <div>
        <SegmentedControl
          fullWidth
          aria-label={text.about}
          data={[
            { value: "account", label: strings.editor.panel.accounts },
            { value: "person", label: strings.editor.panel.people },
          ]}
          value={about}
          onChange={(next) => setAbout(next as "account" | "person")}
        />
        {about === "person" ? (
          <Text size="xs" c="dimmed" mt={4}>
            {text.aboutHint}
          </Text>
        ) : null}
      </div>
      <EventForm
        value={event}
        about={about}
        errors={errors}
        under="/event"
        onChange={(next) => set((now) => write(now, `${at}/event`, next), `${at}/event`)}
      />
    </>
  );
}

const eventList = (node: Fields): Fields[] =>
  isRecord(node.event)
    ? [node.event]
    : Array.isArray(node.events)
      ? node.events.filter(isRecord)
      : [];

/** Several events of which the first counts. */
export function Events({
  value,
  errors,
  under,
  onChange,
}: {
  value: Fields[];
  errors: ReadonlyMap<string, string>;
  under: string;
  onChange: (events: Fields[]) => void;
}) {
  const events = value.length > 0 ? value : [{}];
  return (
    <Stack gap="sm">
      {events.length > 1 ? (
        <Text size="xs" c="dimmed">
          {text.several}
        </Text>
      ) : null}
      {events.map((event, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: events have no names of their own
        <Fieldset key={n} legend={strings.forms.row(n + 1)}>
          <EventForm
            value={event}
            about="person"
            errors={errors}
            under={`${under}/${n}`}
            onChange={(next) => onChange(events.map((each, m) => (m === n ? next : each)))}
          />
          {events.length > 1 ? (
            <Group justify="flex-end" mt="xs">
              <Button
                size="compact-xs"
                variant="subtle"
                color="gray"
                onClick={() => onChange(events.filter((_, m) => m !== n))}
              >
                {text.removeEvent}
              </Button>
            </Group>
          ) : null}
        </Fieldset>
      ))}
      <div>
        <Button
          size="xs"
          variant="default"
          leftSection={<Plus size={14} />}
          onClick={() => onChange([...events, {}])}
        >
          {text.addEvent}
        </Button>
      </div>
    </Stack>
  );
}

function Timeout({ at, errors, node, id }: Pick<Props, "at" | "errors" | "node" | "id">) {
  const { set, apply } = useEditor();
  const timeout = timeoutOf(node);
  const within = new Map(
    [...errors].flatMap(([place, message]) =>
      place.startsWith("/timeout") ? [[place.slice("/timeout".length), message] as const] : [],
    ),
  );
  return (
    <Stack gap="sm">
      <Switch
        label={text.timeout}
        description={text.timeoutHint}
        checked={timeout !== undefined}
        onChange={(event) => {
          const on = event.currentTarget.checked;
          if (on) set((now) => write(now, `${at}/timeout`, { duration: "14d" }), `${at}/timeout`);
          else
            apply((manifest) => {
              const without = setTimeoutPath(manifest, id, false);
              if ("refused" in without) return without;
              return { manifest: write(without.manifest, `${at}/timeout`, undefined) };
            });
        }}
      />
      {timeout ? (
        <>
          <DurationFields
            at={`${at}/timeout`}
            errors={within}
            node={timeout}
            label={text.timeout}
          />
          <Leaving node={timeout} words={text.givesUp} />
          <Switch
            label={text.timeoutPath}
            description={text.timeoutPathHint}
            checked={timeout.next !== undefined}
            onChange={(event) => {
              const on = event.currentTarget.checked;
              apply((manifest) => setTimeoutPath(manifest, id, on));
            }}
          />
        </>
      ) : null}
    </Stack>
  );
}
