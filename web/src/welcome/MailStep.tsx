// An SMTP server, kept as a connection and tried at once.
import { Alert, Button, NumberInput, PasswordInput, Select, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { definitionQuery, putDefinition } from "../api/queries";
import { keepSecret } from "../api/systems";
import { tryConnection } from "../api/welcome";
import { isRecord } from "../editor/manifest";
import { Form } from "../forms/Form";
import { Refusal } from "../journeys/Refusal";
import { prose } from "../shell/Prose";
import { strings } from "../strings";
import { MAIL_SERVER } from "./useProgress";
import classes from "./welcome.module.css";

const text = strings.welcome.steps.mail;
/** The key of the first connection. */
const KEY = "mail";

type Written = {
  host: string;
  port: number;
  security: string;
  user: string;
  password: string;
  name: string;
  email: string;
};
const FIRST: Written = {
  host: "",
  port: 587,
  security: "starttls",
  user: "",
  password: "",
  name: "",
  email: "",
};
/** The port that goes with an encryption, until another is written. */
const PORTS: Record<string, number> = { starttls: 587, tls: 465, none: 25 };

type Props = {
  /** The connection that mail leaves by already. */
  connection: string | undefined;
  onDone: () => void;
  /** It is saved, and something about it is to be read. */
  onStay: () => void;
};

export function MailStep({ connection, onDone, onStay }: Props) {
  const cache = useQueryClient();
  const key = connection ?? KEY;
  const stored = useQuery({
    ...definitionQuery("connections", key),
    enabled: connection !== undefined,
  }).data;
  const [changed, setChanged] = useState<Partial<Written>>({});
  const written = { ...FIRST, ...(stored ? read(stored.body) : {}), ...changed };
  const write = (part: Partial<Written>) => setChanged((now) => ({ ...now, ...part }));
  const save = useMutation({
    mutationFn: async () => {
      await putDefinition("connections", key, manifest(written, stored?.body), stored ?? {});
      if (written.password) await keepSecret("connections", key, "password", written.password);
      return tryConnection(key);
    },
    onSuccess: async ({ ok }) => {
      if (ok) onDone();
      else onStay();
      await cache.invalidateQueries({ queryKey: ["definitions", "connections"] });
    },
  });
  return (
    <Form className={classes.fields} onSubmit={() => save.mutate()}>
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
        <PasswordInput
          label={text.password}
          description={connection ? text.passwordKept : text.passwordHint}
          required={!connection}
          autoComplete="off"
          value={written.password}
          onChange={(event) => write({ password: event.currentTarget.value })}
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
    </Form>
  );
}

/** What a connection says that is there. */
function read({ settings }: Record<string, unknown>): Partial<Written> {
  if (!isRecord(settings)) return {};
  const from = isRecord(settings.from) ? settings.from : {};
  return {
    host: String(settings.host ?? ""),
    port: Number(settings.port ?? FIRST.port),
    security: String(settings.security ?? FIRST.security),
    user: String(settings.username ?? ""),
    name: String(from.name ?? ""),
    email: String(from.email ?? ""),
  };
}

/** What is to be there; what this step does not ask stays as it was. */
function manifest(written: Written, before: Record<string, unknown> = {}) {
  const { host, port, security, user, name, email } = written;
  const { username: _, ...others } = isRecord(before.settings) ? before.settings : {};
  const from = isRecord(others.from) ? others.from : {};
  return {
    ...before,
    type: MAIL_SERVER,
    settings: {
      ...others,
      host: host.trim(),
      port,
      security,
      ...(user ? { username: user } : {}),
      from: { ...from, name, email: email.trim() },
    },
  };
}
