// The content of an email: drawn in the designer or written as code, seen as a person gets it, with its links and alerts.
import { Alert, Button, Group, SegmentedControl, Skeleton, Textarea } from "@mantine/core";
import { Download, Lock, MessageSquare } from "lucide-react";
import { lazy, type ReactNode, Suspense, useRef, useState } from "react";
import { useMayWrite } from "../admin/useMay";
import type { MailPlural } from "../api/content";
import type { EditorProps } from "../definitions/editors";
import { type Fields, isRecord } from "../editor/manifest";
import { LookedAt } from "../forms/LookedAt";
import { Card } from "../shell/Card";
import { strings } from "../strings";
import { Alerts } from "./Alerts";
import classes from "./content.module.css";
import design from "./design.module.css";
import { EmailPreview } from "./EmailPreview";
import { FieldMenu } from "./FieldMenu";
import { LinkTable } from "./LinkTable";
import { SaveTemplate } from "./SaveTemplate";
import { pinnedAt } from "./threads";
import { useFollowed, useLinkedComment, useTalk } from "./useTalk";
import { useViewer } from "./viewer";

const text = strings.content.email;
const Designer = lazy(() => import("./Designer"));

type View = keyof typeof text.views;

const PLURALS: Record<string, MailPlural> = {
  email_template: "email_templates",
  fragment: "fragments",
};

/** A design from elsewhere is looked at first; what was written here is written on. */
function firstView(kind: unknown, language: "html" | "mjml", onlyLooks: boolean): View {
  if (onlyLooks) return "preview";
  if (language === "mjml") return "design";
  return kind === "email_template" ? "preview" : "code";
}

/** Where its comments are seen: there already, or else where it is worked on. */
const talkView = (view: View, designs: boolean): View =>
  view === "code" || !designs ? "code" : "design";

export default function EmailEditor(props: EditorProps) {
  const { definition, body, onChange, errors, saved, onlyLooks } = props;
  const content = isRecord(body.body) ? body.body : {};
  const language = "html" in content ? "html" : "mjml";
  const written = String(content[language] ?? "");
  // A designer without its tools is the preview.
  const designs = language === "mjml" && !onlyLooks;
  const linked = useLinkedComment() !== undefined;
  const [view, setView] = useState<View>(() => {
    const first = firstView(body.kind, language, onlyLooks);
    return linked ? talkView(first, designs) : first;
  });
  useFollowed(() => setView(talkView(view, designs)));
  const [broken, setBroken] = useState(false);
  const [viewer, setViewer] = useViewer();
  const maySaveTemplate = useMayWrite("email_template").write;
  const plural = PLURALS[String(body.kind)] ?? "emails";
  const message = plural === "emails";
  const offered: Record<View, boolean> = {
    design: designs,
    code: true,
    preview: true,
    links: message,
  };
  // What one may do is learned a moment after the page is shown.
  const shown = offered[view] ? view : firstView(body.kind, language, onlyLooks);
  const locked = isRecord(body.lock) ? String(body.lock.template ?? "") : undefined;
  const views = (Object.keys(text.views) as View[]).filter((each) => offered[each]);
  const put = (next: string) => onChange({ ...body, body: { [language]: next } });
  const panes: Record<View, () => ReactNode> = {
    design: () => (
      <Suspense fallback={<Skeleton height={520} role="status" aria-label={text.loading} />}>
        <Designer
          definition={definition}
          mjml={written}
          onChange={put}
          onBroken={() => {
            setBroken(true);
            setView("code");
          }}
          body={body}
          onBody={onChange}
          journey={viewer.journey}
        />
      </Suspense>
    ),
    code: () => (
      <Code
        label={text.code[language]}
        definition={definition}
        body={body}
        value={written}
        error={errors.get(`/body/${language}`) ?? errors.get("/body")}
        onChange={put}
        journey={viewer.journey}
        onlyLooks={onlyLooks}
      />
    ),
    preview: () => (
      <EmailPreview
        plural={plural}
        definition={definition}
        body={body}
        saved={saved}
        viewer={viewer}
        onViewer={setViewer}
      />
    ),
    links: () => (
      <LookedAt only={onlyLooks}>
        <LinkTable definition={definition} body={body} onBody={onChange} viewer={viewer} />
      </LookedAt>
    ),
  };
  return (
    <Card
      title={text.title}
      aside={
        <Group gap="xs">
          <Alerts body={body} />
          {message && maySaveTemplate ? <SaveTemplate definition={definition} body={body} /> : null}
          {body.kind === "email_template" ? (
            <Button
              component="a"
              href={`/api/v1/email_templates/${encodeURIComponent(definition)}/archive`}
              download
              size="xs"
              variant="default"
              disabled={!saved}
              leftSection={<Download size={14} aria-hidden />}
            >
              {strings.content.exporting.button}
            </Button>
          ) : null}
          <SegmentedControl
            size="xs"
            aria-label={text.view}
            data={views.map((value) => ({ value, label: text.views[value] }))}
            value={shown}
            onChange={(next) => {
              setBroken(false);
              setView(next as View);
            }}
          />
        </Group>
      }
    >
      {locked ? (
        <Alert color="gray" variant="light" mb="sm" icon={<Lock size={16} aria-hidden />}>
          {strings.content.locks.told(locked)}
        </Alert>
      ) : null}
      {broken ? (
        <Alert color="yellow" variant="light" mb="sm" role="alert">
          {text.broken}
        </Alert>
      ) : null}
      {panes[shown]()}
    </Card>
  );
}

type CodeProps = {
  definition: string;
  body: Fields;
  label: string;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
  journey: string | undefined;
  onlyLooks: boolean;
};

function Code(props: CodeProps) {
  const { definition, body, label, value, error, onChange, journey, onlyLooks } = props;
  const input = useRef<HTMLTextAreaElement>(null);
  const [talking, setTalking] = useState(useLinkedComment() !== undefined);
  useFollowed(() => setTalking(true));
  const talk = useTalk(body, definition, {
    holds: (block) => pinnedAt(value, block) !== undefined,
    goTo: (block) => {
      const at = pinnedAt(value, block);
      if (!at || !input.current) return;
      input.current.focus();
      input.current.setSelectionRange(at.from, at.to);
    },
  });
  const insert = (token: string) => {
    const at = input.current?.selectionStart ?? value.length;
    const to = input.current?.selectionEnd ?? at;
    onChange(value.slice(0, at) + token + value.slice(to));
    input.current?.focus();
  };
  const { open } = talk;
  return (
    <>
      <Group justify="flex-end" mb="xs" gap={6}>
        <Button
          size="xs"
          variant={talking ? "light" : "default"}
          aria-pressed={talking}
          leftSection={<MessageSquare size={14} aria-hidden />}
          onClick={() => setTalking(!talking)}
        >
          {open > 0 ? strings.comments.some(open) : strings.comments.tab}
        </Button>
        {onlyLooks ? null : <FieldMenu onChoose={insert} journey={journey} />}
      </Group>
      <div className={talking ? design.withTalk : undefined}>
        <Textarea
          ref={input}
          aria-label={label}
          autosize
          minRows={14}
          maxRows={36}
          spellCheck={false}
          readOnly={onlyLooks}
          classNames={{ input: classes.code }}
          error={error}
          value={value}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
        {talking ? <div>{talk.panel}</div> : null}
      </div>
    </>
  );
}
