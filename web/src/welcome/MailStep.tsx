// An SMTP server, kept as a connection and tried at once.
import { Alert, Button, NumberInput, Select, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { putDefinition } from "../api/queries";
import { tryConnection } from "../api/welcome";
import { Refusal } from "../journeys/Refusal";
import { prose } from "../shell/Prose";
import { strings } from "../strings";
import { MAIL_SERVER } from "./useProgress";
import classes from "./welcome.module.css";

const text = strings.welcome.steps.mail;
const KEY = "mail";

type Written = {
  host: string;
  port: number;
  security: string;
  user: string;
  variable: string;
  name: string;
  email: string;
};
const FIRST: Written = {
  host: "",
  port: 587,
  security: "starttls",
  user: "",
  variable: "SMTP_PASSWORD",
  name: "",
  email: "",
};
/** The port that goes with an encryption, until another is written. */
const PORTS: Record<string, number> = { starttls: 587, tls: 465, none: 25 };

export function MailStep({ onDone }: { onDone: () => void }) {
  const cache = useQueryClient();
  const [written, setWritten] = useState(FIRST);
  const write = (part: Partial<Written>) => setWritten((now) => ({ ...now, ...part }));
  const save = useMutation({
    mutationFn: async () => {
      await putDefinition("connections", KEY, manifest(written));
      return tryConnection(KEY);
    },
    onSuccess: async ({ ok }) => {
      if (ok) onDone();
      await cache.invalidateQueries({ queryKey: ["definitions", "connections"] });
    },
  });
  return (
    <form
      className={classes.fields}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <TextInput
        label={text.host}
        required
        value={written.host}
        onChange={(event) => write({ host: event.currentTarget.value })}
      />
      <NumberInput
        label={text.port}
        required
        min={1}
        max={65_535}
        allowDecimal={false}
        value={written.port}
        onChange={(port) => write({ port: Number(port) })}
      />
      <Select
        label={text.security}
        allowDeselect={false}
        data={Object.entries(text.securities).map(([value, label]) => ({ value, label }))}
        value={written.security}
        onChange={(security) => security && write({ security, port: PORTS[security] ?? 587 })}
      />
      <TextInput
        label={text.user}
        description={text.userHint}
        value={written.user}
        onChange={(event) => write({ user: event.currentTarget.value })}
      />
      {written.user ? (
        <TextInput
          label={text.secret}
          description={text.secretHint}
          required
          value={written.variable}
          onChange={(event) => write({ variable: event.currentTarget.value })}
        />
      ) : null}
      <TextInput
        label={text.fromName}
        required
        value={written.name}
        onChange={(event) => write({ name: event.currentTarget.value })}
      />
      <TextInput
        label={text.fromEmail}
        type="email"
        required
        value={written.email}
        onChange={(event) => write({ email: event.currentTarget.value })}
      />
      <div className={classes.wide}>
        {save.error ? <Refusal error={save.error} /> : null}
        {save.data && !save.data.ok ? (
          <Alert color="yellow" variant="light" mb="sm" role="alert" title={text.kept}>
            {prose(save.data.message)}
          </Alert>
        ) : null}
        <Button type="submit" loading={save.isPending}>
          {text.save}
        </Button>
      </div>
    </form>
  );
}

function manifest({ host, port, security, user, variable, name, email }: Written) {
  const signIn = user !== "";
  return {
    type: MAIL_SERVER,
    settings: {
      host: host.trim(),
      port,
      security,
      ...(signIn ? { username: user } : {}),
      from: { name, email: email.trim() },
    },
    ...(signIn ? { secrets: { password: { env: variable.trim() } } } : {}),
  };
}
