// Publishing in two steps: when it runs, then a review of what will happen.
import {
  Alert,
  Button,
  Group,
  List,
  Loader,
  Modal,
  Radio,
  Skeleton,
  Stack,
  Stepper,
  Text,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { body, client } from "../api/client";
import { loadDefinition, putDefinition, reviewQuery, statusQuery } from "../api/queries";
import type { Review } from "../api/types";
import { useNamesOf } from "../definitions/NamedLink";
import { useOpenDraft } from "../editor/openDraft";
import { InstantInput } from "../forms/inputs";
import { formatInstant, formatNumber, humanise } from "../shell/format";
import { prose } from "../shell/Prose";
import { strings } from "../strings";
import classes from "./journeys.module.css";
import { Refusal } from "./Refusal";

const text = strings.journey.publish;
const A_DAY_MS = 86_400_000;

type Props = { journey: string; version: boolean; onClose: () => void };
type Schedule = { start: string | undefined; end: string | undefined };

export function PublishDialog({ journey, version, onClose }: Props) {
  const draft = useOpenDraft();
  const [step, setStep] = useState(0);
  const [chosenStart, setChosenStart] = useState<string>();
  const opened = useQuery({
    queryKey: ["journey", journey, "publishing"],
    queryFn: async () => {
      await draft.current?.flush();
      return loadDefinition("journeys", journey);
    },
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const schedule = useMutation({
    mutationFn: (chosen: Schedule) => keepSchedule(journey, chosen, draft.current),
    onSuccess: (_, { start }) => {
      setChosenStart(start);
      setStep(1);
    },
  });
  const manifest = opened.data?.body;
  return (
    <Modal opened onClose={onClose} title={version ? text.titleVersion : text.title} size="lg">
      <Stepper active={step} size="xs" mb="md" allowNextStepsSelect={false}>
        <Stepper.Step label={text.schedule} />
        <Stepper.Step label={text.review} />
      </Stepper>
      {opened.error ? <Refusal error={opened.error} /> : null}
      {!manifest ? (
        <Skeleton height={140} />
      ) : step === 0 ? (
        <ScheduleStep
          begun={{ start: textOf(manifest.start), end: textOf(manifest.end) }}
          running={version}
          busy={schedule.isPending}
          error={schedule.error}
          onNext={(chosen) => schedule.mutate(chosen)}
          onClose={onClose}
        />
      ) : (
        <ReviewStep
          journey={journey}
          start={chosenStart}
          onBack={() => setStep(0)}
          onClose={onClose}
        />
      )}
    </Modal>
  );
}

const textOf = (value: unknown) => (typeof value === "string" ? value : undefined);

type OpenStore = ReturnType<typeof useOpenDraft>["current"];

/** Writes the schedule into the draft: through the open editor, so that both stay the same. */
async function keepSchedule(journey: string, chosen: Schedule, open: OpenStore) {
  if (open) {
    const { start: _, end: __, ...rest } = open.get().manifest;
    open.change({ ...rest, ...written(chosen) } as ReturnType<typeof open.get>["manifest"]);
    await open.flush();
    const { saving } = open.get();
    if (saving.state === "refused") throw new Error(saving.message);
    return;
  }
  const { body: manifest, revision } = await loadDefinition("journeys", journey);
  const { start: _, end: __, ...rest } = manifest;
  await putDefinition(
    "journeys",
    journey,
    { ...rest, ...written(chosen) },
    { revision, incomplete: true },
  );
}

const written = ({ start, end }: Schedule) => ({
  ...(start ? { start } : {}),
  ...(end ? { end } : {}),
});

type StepProps = {
  begun: Schedule;
  running: boolean;
  busy: boolean;
  error: Error | null;
  onNext: (schedule: Schedule) => void;
  onClose: () => void;
};

function ScheduleStep({ begun, running, busy, error, onNext, onClose }: StepProps) {
  const later = begun.start !== undefined && new Date(begun.start).getTime() > Date.now();
  const [when, setWhen] = useState(later && !running ? "date" : "now");
  const [start, setStart] = useState(begun.start);
  const [end, setEnd] = useState(begun.end);
  return (
    <Stack gap="md">
      {running ? null : (
        <Radio.Group label={text.when} value={when} onChange={setWhen}>
          <Group mt="xs">
            <Radio value="now" label={text.now} />
            <Radio value="date" label={text.onDate} />
          </Group>
        </Radio.Group>
      )}
      {when === "date" ? (
        <InstantInput label={text.start} required value={start} onChange={setStart} />
      ) : null}
      <InstantInput
        label={text.end}
        description={text.endHint}
        required
        value={end}
        onChange={setEnd}
      />
      {error ? <Refusal error={error} /> : null}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          {strings.journey.actions.cancel}
        </Button>
        <Button
          loading={busy}
          disabled={!end || (when === "date" && !start)}
          onClick={() =>
            onNext({ start: when === "date" ? start : running ? begun.start : undefined, end })
          }
        >
          {text.next}
        </Button>
      </Group>
    </Stack>
  );
}

function ReviewStep({
  journey,
  start,
  onBack,
  onClose,
}: {
  journey: string;
  start: string | undefined;
  onBack: () => void;
  onClose: () => void;
}) {
  const cache = useQueryClient();
  const review = useQuery(reviewQuery(journey));
  const findings = review.data?.findings ?? [];
  const errors = findings.filter((finding) => finding.severity === "error");
  const warnings = findings.filter((finding) => finding.severity !== "error");
  const publish = useMutation({
    mutationFn: () =>
      body(client.POST("/api/v1/journeys/{key}/publish", { params: { path: { key: journey } } })),
    onSuccess: (status) => {
      cache.setQueryData(statusQuery(journey).queryKey, status);
      notifications.show({ message: strings.journey.done.publish });
      onClose();
      return cache.invalidateQueries({
        predicate: ({ queryKey }) => queryKey[0] === "journeys" || queryKey[1] === journey,
      });
    },
  });
  return (
    <Stack gap="md">
      {errors.length > 0 ? <FindingList color="red" title={text.errors} findings={errors} /> : null}
      {warnings.length > 0 ? (
        <FindingList color="yellow" title={text.warnings} findings={warnings} />
      ) : null}
      {review.error ? <Refusal error={review.error} /> : null}
      {review.data ? <WhoEnters review={review.data} /> : null}
      {review.data && errors.length === 0 ? <FirstDay journey={journey} start={start} /> : null}
      {publish.error ? <Refusal error={publish.error} /> : null}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onBack}>
          {text.back}
        </Button>
        <Button
          loading={publish.isPending}
          disabled={!review.data?.publishable}
          onClick={() => publish.mutate()}
        >
          {strings.journey.actions.publish}
        </Button>
      </Group>
    </Stack>
  );
}

function FindingList({
  color,
  title,
  findings,
}: {
  color: string;
  title: string;
  findings: { message: string }[];
}) {
  // Several nodes may have the same to say.
  const messages = [...new Set(findings.map(({ message }) => message))];
  return (
    <Alert color={color} variant="light" title={title}>
      <List size="sm" spacing={4}>
        {messages.map((message) => (
          <List.Item key={message}>{prose(message)}</List.Item>
        ))}
      </List>
    </Alert>
  );
}

/** Who would enter now, who may not and why, and who is inside already. */
export function WhoEnters({ review }: { review: Review }) {
  const kept = Object.entries(review.would_not_enter).filter(([, count]) => count > 0);
  const inside = review.standing.filter((each) => each.active > 0);
  return (
    <section className={classes.firstDay} aria-label={text.entering}>
      <Text fw={600}>{text.entering}</Text>
      <Text size="sm">
        <b data-count="would-enter">{formatNumber(review.would_enter)}</b> {text.enter}
        {review.people === review.would_enter ? "" : ` · ${text.with(review.people)}`}
      </Text>
      {kept.map(([reason, count]) => (
        <Text key={reason} size="sm">
          {text.not(formatNumber(count), humanise(reason).toLowerCase())}
        </Text>
      ))}
      {inside.map((each) => (
        <Text key={each.version} size="sm">
          {text.stay(formatNumber(each.active), each.version)}
        </Text>
      ))}
      {review.fed_by.map(({ journey, nodes }) => (
        <Text key={journey} size="sm">
          {strings.journey.fed(journey, nodes)}
        </Text>
      ))}
      <Text size="xs" c="dimmed">
        {text.atMost(formatNumber(review.messages_first_day))}
      </Text>
    </section>
  );
}

/** The first day of a journey: from now, or from when it starts later. */
export function firstDay(start: string | undefined, now: Date): { from: Date; until: Date } {
  const from = new Date(Math.max(now.getTime(), start ? Date.parse(start) : 0));
  return { from, until: new Date(from.getTime() + A_DAY_MS) };
}

/** What the first day would bring, by running it on a copy: who enters, and what is sent. */
function FirstDay({ journey, start }: { journey: string; start: string | undefined }) {
  const emailName = useNamesOf("emails");
  const textName = useNamesOf("sms_messages");
  const { data, error } = useQuery({
    queryKey: ["journey", journey, "first-day", start],
    queryFn: () => {
      const { from, until } = firstDay(start, new Date());
      return body(
        client.POST("/api/v1/journeys/{key}/simulate", {
          params: { path: { key: journey } },
          body: {
            from: from.toISOString(),
            until: until.toISOString(),
            seed: 0,
            activities: [],
            reactions: [],
            answers: [],
            samples: 0,
            follow: null,
          },
        }),
      );
    },
    gcTime: 0,
    retry: false,
  });
  if (error) return <Refusal error={error} />;
  if (!data) {
    return (
      <Group gap="xs">
        <Loader size={14} />
        <Text size="sm" c="dimmed">
          {text.running}
        </Text>
      </Group>
    );
  }
  const sent = [
    ...Object.entries(data.messages.email ?? {}).map(([key, n]) => ({ n, name: emailName(key) })),
    ...Object.entries(data.messages.sms ?? {}).map(([key, n]) => ({ n, name: textName(key) })),
  ];
  return (
    <section className={classes.firstDay} aria-label={text.firstDay}>
      <Text fw={600}>{text.firstDay}</Text>
      <Text size="sm">
        <b>{formatNumber(data.travellers.entered)}</b> {text.enter}
      </Text>
      {sent.length === 0 ? (
        <Text size="sm" c="dimmed">
          {text.noMessages}
        </Text>
      ) : (
        <List size="sm">
          {sent.map(({ n, name }) => (
            <List.Item key={name}>{text.messages(formatNumber(n), name)}</List.Item>
          ))}
        </List>
      )}
      <Text size="xs" c="dimmed">
        {text.until(formatInstant(data.until))}
      </Text>
    </section>
  );
}
