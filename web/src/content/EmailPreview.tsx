// An email, or what emails are made of, as one person would get it: on a screen, on a phone, in the dark; what it lacks, and
// its proof.
import {
  Alert,
  Badge,
  Button,
  Group,
  SegmentedControl,
  Select,
  Skeleton,
  Switch,
  Text,
} from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { MailCheck, ShieldCheck } from "lucide-react";
import { lazy, Suspense, useRef, useState } from "react";
import { useMay, useMayWrite } from "../admin/useMay";
import { emailPreviewQuery, type MailPlural, type Viewer } from "../api/content";
import type { EmailPreview as Shown } from "../api/types";
import { type Fields, isRecord } from "../editor/manifest";
import { Refusal } from "../journeys/Refusal";
import { Facts } from "../shell/Facts";
import { fileSize } from "../shell/format";
import { strings } from "../strings";
import classes from "./content.module.css";
import { ProofDialog } from "./ProofDialog";
import { Sheet } from "./Sheet";
import { broughtAbout, choicesIn, forcing } from "./variants";
import { JourneyNeeded, ViewerPicker } from "./viewer";

const text = strings.content.preview;
const words = strings.design.preview;
const SpamReport = lazy(() => import("./SpamReport"));

type Props = {
  plural: MailPlural;
  definition: string;
  body: Fields;
  saved: boolean;
  viewer: Viewer;
  onViewer: (viewer: Viewer) => void;
};

export function EmailPreview({ plural, definition, body, saved, viewer, onViewer }: Props) {
  const [draft] = useDebouncedValue(body, 400);
  const { data, error } = useQuery({
    ...emailPreviewQuery(plural, definition, draft, viewer),
    placeholderData: keepPreviousData,
  });
  const [device, setDevice] = useState<"desktop" | "phone" | "text">("desktop");
  const [dark, setDark] = useState(false);
  const [proofing, setProofing] = useState(false);
  // Templates and fragments are no messages: nobody gets them.
  const message = plural === "emails";
  const mayProof = useMayWrite("email").write && message;
  const mayJudge = useMay()?.("customers:read") !== false && message;
  const [judging, setJudging] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  return (
    <div className={classes.previewStack}>
      <Group justify="space-between" gap="xs">
        <ViewerPicker viewer={viewer} onChange={onViewer} picker={picker} />
        <Group gap="xs">
          <SegmentedControl
            size="xs"
            aria-label={strings.content.email.device}
            data={[
              { value: "desktop", label: strings.content.email.desktop },
              { value: "phone", label: strings.content.email.phone },
              { value: "text", label: strings.content.email.plainText },
            ]}
            value={device}
            onChange={(next) => setDevice(next as typeof device)}
          />
          <Switch
            size="xs"
            label={text.dark}
            disabled={device === "text"}
            checked={dark && device !== "text"}
            onChange={(event) => setDark(event.currentTarget.checked)}
          />
          {mayJudge ? (
            <Button
              size="xs"
              variant="default"
              leftSection={<ShieldCheck size={14} aria-hidden />}
              onClick={() => setJudging(true)}
            >
              {text.spam}
            </Button>
          ) : null}
          {mayProof ? (
            <Button
              size="xs"
              variant="default"
              leftSection={<MailCheck size={14} aria-hidden />}
              onClick={() => setProofing(true)}
            >
              {text.proof}
            </Button>
          ) : null}
        </Group>
      </Group>
      {error ? <Refusal error={error} /> : null}
      {error && !message ? <AsWritten definition={definition} body={body} /> : null}
      {!data && !error ? <Skeleton height={420} /> : null}
      {data && !error ? (
        <>
          {message ? <Head shown={data} /> : null}
          <Missing shown={data} />
          <JourneyNeeded body={draft} viewer={viewer} picker={picker} />
          <Variants body={draft} shown={data} viewer={viewer} onViewer={onViewer} />
          <Conditions shown={data} viewer={viewer} onViewer={onViewer} />
          <div
            className={classes.stage}
            data-device={device}
            data-dark={(dark && device !== "text") || undefined}
          >
            {device === "text" ? (
              <pre className={classes.plainText}>{data.text}</pre>
            ) : (
              <Sheet
                title={text.frame(message ? data.subject : definition)}
                html={`${dark ? DARK : ""}${data.html}`}
              />
            )}
          </div>
        </>
      ) : null}
      {judging ? (
        <Suspense>
          <SpamReport
            definition={definition}
            body={draft}
            viewer={viewer}
            onClose={() => setJudging(false)}
          />
        </Suspense>
      ) : null}
      {proofing ? (
        <ProofDialog
          definition={definition}
          channel="email"
          saved={saved}
          viewer={viewer}
          onClose={() => setProofing(false)}
        />
      ) : null}
    </div>
  );
}

/** What mail programs without a dark style of their own do: turn light to dark, and pictures back. */
const DARK =
  "<style>html{filter:invert(0.92) hue-rotate(180deg);background:#fff}img{filter:invert(1) hue-rotate(180deg)}</style>";

/** HTML from elsewhere can be looked at before it is a template that makes emails. */
function AsWritten({ definition, body }: Pick<Props, "definition" | "body">) {
  const html = isRecord(body.body) ? body.body.html : undefined;
  return typeof html === "string" ? (
    <div className={classes.stage}>
      <Sheet title={text.frame(definition)} html={html} />
    </div>
  ) : null;
}

function Head({ shown }: { shown: Shown }) {
  return (
    <div className={classes.mailHead}>
      <Facts
        facts={[
          { label: text.subject, value: <b>{shown.subject}</b> },
          { label: text.from, value: shown.from ?? text.sender },
          ...(shown.reply_to ? [{ label: text.replyTo, value: shown.reply_to }] : []),
          ...(shown.cc.length > 0 ? [{ label: text.copies, value: shown.cc.join(", ") }] : []),
          { label: text.size, value: fileSize(shown.bytes) },
        ]}
      />
    </div>
  );
}

function Missing({ shown }: { shown: Shown }) {
  if (shown.missing.length === 0) return null;
  return (
    <Alert color="yellow" variant="light" title={text.missing}>
      <Group gap={6}>
        {shown.missing.map((path) => (
          <Badge key={path} variant="light" color="yellow" tt="none">
            {path}
          </Badge>
        ))}
      </Group>
    </Alert>
  );
}

type ConditionProps = { shown: Shown; viewer: Viewer; onViewer: (viewer: Viewer) => void };

const AS_IS = " as it is";
const REST = " everybody else";

/** Where the content has variants: any of them brought about, whatever this person is. */
function Variants({ body, shown, viewer, onViewer }: ConditionProps & { body: Fields }) {
  const content = isRecord(body.body) ? body.body : {};
  const choices = choicesIn(String(content.mjml ?? content.html ?? "")).filter(({ names }) =>
    names.every((name) => name in shown.conditions),
  );
  const forced = viewer.conditions ?? {};
  if (choices.length === 0) return null;
  return (
    <Group gap="md">
      <Text size="sm" fw={600}>
        {words.variants(choices.length)}
      </Text>
      {choices.map((choice, n) => {
        const now = broughtAbout(choice, forced);
        return (
          <Select
            key={choice.names.join(" ")}
            size="xs"
            w={230}
            aria-label={words.variant(n + 1, choices.length)}
            allowDeselect={false}
            data={[
              { value: AS_IS, label: words.asItIs },
              ...choice.names.map((name) => ({ value: name, label: name })),
              { value: REST, label: words.rest },
            ]}
            value={now === undefined ? AS_IS : (now ?? REST)}
            onChange={(next) => {
              const others = Object.entries(forced).filter(
                ([name]) => !choice.names.includes(name),
              );
              const answers =
                next === AS_IS ? {} : forcing(choice, next === REST || !next ? undefined : next);
              onViewer({
                ...viewer,
                conditions: { ...Object.fromEntries(others), ...answers },
              });
            }}
          />
        );
      })}
    </Group>
  );
}

/** Each condition as it came out for this person; switching one forces the other answer. */
function Conditions({ shown, viewer, onViewer }: ConditionProps) {
  const names = Object.keys(shown.conditions);
  if (names.length === 0) return null;
  const forced = viewer.conditions ?? {};
  return (
    <Group gap="md">
      <Text size="sm" fw={600}>
        {text.conditions}
      </Text>
      {names.map((name) => (
        <Switch
          key={name}
          size="xs"
          label={name in forced ? text.forced(name) : name}
          checked={shown.conditions[name] === true}
          onChange={(event) =>
            onViewer({
              ...viewer,
              conditions: { ...forced, [name]: event.currentTarget.checked },
            })
          }
        />
      ))}
      {Object.keys(forced).length > 0 ? (
        <Button
          size="compact-xs"
          variant="subtle"
          onClick={() => onViewer({ ...viewer, conditions: {} })}
        >
          {text.asItIs}
        </Button>
      ) : null}
    </Group>
  );
}
