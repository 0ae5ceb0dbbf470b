// The content of an email: drawn in the designer, or as code. Both write the same text.
import { Alert, Group, SegmentedControl, Skeleton, Textarea } from "@mantine/core";
import { lazy, Suspense, useRef, useState } from "react";
import type { EditorProps } from "../definitions/editors";
import { isRecord } from "../editor/manifest";
import { Card } from "../shell/Card";
import { strings } from "../strings";
import classes from "./content.module.css";
import { FieldMenu } from "./FieldMenu";

const text = strings.content.email;
const Designer = lazy(() => import("./Designer"));

export default function EmailEditor({ body, onChange, errors }: EditorProps) {
  const content = isRecord(body.body) ? body.body : {};
  const language = "html" in content ? "html" : "mjml";
  const written = String(content[language] ?? "");
  const [view, setView] = useState<"design" | "code">(language === "html" ? "code" : "design");
  const [broken, setBroken] = useState(false);
  const put = (next: string) => onChange({ ...body, body: { [language]: next } });
  return (
    <Card
      title={text.title}
      aside={
        <SegmentedControl
          size="xs"
          aria-label={text.view}
          disabled={language === "html"}
          data={[
            { value: "design", label: text.views.design },
            { value: "code", label: text.views.code },
          ]}
          value={view}
          onChange={(next) => {
            setBroken(false);
            setView(next as typeof view);
          }}
        />
      }
    >
      {broken ? (
        <Alert color="yellow" variant="light" mb="sm" role="alert">
          {text.broken}
        </Alert>
      ) : null}
      {view === "design" ? (
        <Suspense fallback={<Skeleton height={520} aria-label={text.loading} />}>
          <Designer
            mjml={written}
            onChange={put}
            onBroken={() => {
              setBroken(true);
              setView("code");
            }}
          />
        </Suspense>
      ) : (
        <Code
          label={text.code[language]}
          value={written}
          error={errors.get(`/body/${language}`) ?? errors.get("/body")}
          onChange={put}
        />
      )}
    </Card>
  );
}

type CodeProps = {
  label: string;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
};

function Code({ label, value, error, onChange }: CodeProps) {
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
        <FieldMenu onChoose={insert} />
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
