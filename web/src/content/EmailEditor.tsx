// The content of an email: drawn in the designer or written as code, seen as a person gets it, with its links and alerts.
import { Alert, Button, Group, SegmentedControl, Skeleton, Textarea } from "@mantine/core";
import { Download, Lock } from "lucide-react";
import { lazy, type ReactNode, Suspense, useRef, useState } from "react";
import type { Viewer } from "../api/content";
import type { EditorProps } from "../definitions/editors";
import { isRecord } from "../editor/manifest";
import { Card } from "../shell/Card";
import { strings } from "../strings";
import { Alerts } from "./Alerts";
import classes from "./content.module.css";
import { EmailPreview } from "./EmailPreview";
import { FieldMenu } from "./FieldMenu";
import { LinkTable } from "./LinkTable";
import { Sheet } from "./Sheet";

const text = strings.content.email;
const Designer = lazy(() => import("./Designer"));

type View = keyof typeof text.views;

/** A design from elsewhere is looked at first; what was written here is written on. */
const firstView = (kind: unknown, language: "html" | "mjml"): View =>
  language === "mjml" ? "design" : kind === "email_template" ? "preview" : "code";

export default function EmailEditor({ definition, body, onChange, errors, saved }: EditorProps) {
  const content = isRecord(body.body) ? body.body : {};
  const language = "html" in content ? "html" : "mjml";
  const written = String(content[language] ?? "");
  const [view, setView] = useState<View>(firstView(body.kind, language));
  const [broken, setBroken] = useState(false);
  const [viewer, setViewer] = useState<Viewer>({});
  // Templates and fragments are no messages: nobody gets them. HTML is shown as it stands, MJML in the designer.
  const message = body.kind === "email";
  const offered: Record<View, boolean> = {
    design: language === "mjml",
    code: true,
    preview: message || language === "html",
    links: message,
  };
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
        value={written}
        error={errors.get(`/body/${language}`) ?? errors.get("/body")}
        onChange={put}
        journey={viewer.journey}
      />
    ),
    preview: () =>
      message ? (
        <EmailPreview
          definition={definition}
          body={body}
          saved={saved}
          viewer={viewer}
          onViewer={setViewer}
        />
      ) : (
        <div className={classes.stage}>
          <Sheet title={strings.content.preview.frame(definition)} html={written} />
        </div>
      ),
    links: () => (
      <LinkTable definition={definition} body={body} onBody={onChange} viewer={viewer} />
    ),
  };
  return (
    <Card
      title={text.title}
      aside={
        <Group gap="xs">
          <Alerts body={body} />
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
            value={view}
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
      {panes[view]()}
    </Card>
  );
}

type CodeProps = {
  label: string;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
  journey: string | undefined;
};

function Code({ label, value, error, onChange, journey }: CodeProps) {
  const input = useRef<HTMLTextAreaElement>(null);
  const insert = (token: string) => {
    const at = input.current?.selectionStart ?? value.length;
    const to = input.current?.selectionEnd ?? at;
    onChange(value.slice(0, at) + token + value.slice(to));
    input.current?.focus();
  };
  return (
    <>
      <Group justify="flex-end" mb="xs">
        <FieldMenu onChoose={insert} journey={journey} />
      </Group>
      <Textarea
        ref={input}
        aria-label={label}
        autosize
        minRows={14}
        maxRows={36}
        spellCheck={false}
        classNames={{ input: classes.code }}
        error={error}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    </>
  );
}
