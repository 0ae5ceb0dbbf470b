// What a connection keeps to itself: whether it is there and where it comes from, never what it is.
import { Button, Group, PasswordInput, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { forgetSecret, keepSecret, type Systems, systemQuery } from "../api/systems";
import type { SecretState, SystemState } from "../api/types";
import { Card } from "../shell/Card";
import { Dialog } from "../shell/Dialog";
import { formatInstant, humanise } from "../shell/format";
import { prose } from "../shell/Prose";
import { Verdict } from "../shell/Verdict";
import { strings } from "../strings";

const text = strings.systems.secret;

type Props = { systems: Systems; state: SystemState };

type CardProps = Props & { mayChange: boolean; children?: ReactNode };

export function Secrets({ systems, state, mayChange, children }: CardProps) {
  const [doing, setDoing] = useState<{ what: "set" | "forget"; secret: SecretState }>();
  const close = () => setDoing(undefined);
  if (state.secrets.length === 0) return null;
  return (
    <Card title={text.title}>
      <Stack gap="md">
        {state.secrets.map((secret) => (
          <Group key={secret.name} justify="space-between" wrap="nowrap" align="flex-start">
            <About secret={secret} />
            <Stack gap={6} align="flex-end">
              <Standing secret={secret} />
              {mayChange ? (
                <Button
                  size="compact-xs"
                  variant="default"
                  aria-label={text.setNamed(secret.name)}
                  onClick={() => setDoing({ what: "set", secret })}
                >
                  {secret.source === "stored" ? text.replace : text.set}
                </Button>
              ) : null}
              {mayChange && secret.source === "stored" ? (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  color="red"
                  aria-label={text.forgetNamed(secret.name)}
                  onClick={() => setDoing({ what: "forget", secret })}
                >
                  {text.forget}
                </Button>
              ) : null}
            </Stack>
          </Group>
        ))}
      </Stack>
      {children}
      {doing?.what === "set" ? (
        <SetDialog systems={systems} state={state} name={doing.secret.name} onClose={close} />
      ) : null}
      {doing?.what === "forget" ? (
        <ForgetDialog systems={systems} state={state} name={doing.secret.name} onClose={close} />
      ) : null}
    </Card>
  );
}

function About({ secret }: { secret: SecretState }) {
  const { name, help, problem } = secret;
  const from = placeOf(secret);
  return (
    <div>
      <Text size="sm" fw={600}>
        {humanise(name)}
      </Text>
      {[help, from].filter(Boolean).map((line) => (
        <Text key={line} size="xs" c="dimmed">
          {line ? prose(line) : null}
        </Text>
      ))}
      {problem ? (
        <Text size="xs" c="red">
          {prose(problem)}
        </Text>
      ) : null}
    </div>
  );
}

function placeOf({ source, place, set_at, set_by, ends_at }: SecretState): string {
  if (ends_at) return text.ends(formatInstant(ends_at));
  if (source === "stored") return text.stored(formatInstant(set_at), set_by ?? "");
  if (source === "environment") return text.environment(place ?? "");
  return source === "file" ? text.file(place ?? "") : "";
}

function Standing({ secret: { source, required, problem } }: { secret: SecretState }) {
  if (source) return <Verdict grade={problem ? "bad" : "good"} word={text.there} />;
  return required ? (
    <Verdict grade="bad" word={text.missing} />
  ) : (
    <Verdict grade="none" word={text.notSet} />
  );
}

type DialogProps = {
  systems: Systems;
  state: Pick<SystemState, "key">;
  name: string;
  onClose: () => void;
};

/** Does it to a secret, says so, and has the state read again. */
function useSecretChange<V>(
  change: (value: V) => Promise<unknown>,
  { systems, state, onClose, told }: DialogProps & { told: string },
) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async () => {
      notifications.show({ message: told });
      onClose();
      await cache.invalidateQueries({ queryKey: systemQuery(systems, state.key).queryKey });
    },
  });
}

export function SetDialog(props: DialogProps) {
  const { systems, state, name, onClose } = props;
  const [value, setValue] = useState("");
  const keep = useSecretChange((secret: string) => keepSecret(systems, state.key, name, secret), {
    ...props,
    told: text.kept,
  });
  return (
    <Dialog
      title={text.setTitle(humanise(name))}
      error={keep.error}
      busy={keep.isPending}
      ready={value !== ""}
      onClose={onClose}
      onSubmit={() => keep.mutate(value)}
    >
      <PasswordInput
        label={text.value}
        description={text.valueHint}
        autoComplete="off"
        data-autofocus
        value={value}
        onChange={(event) => setValue(event.currentTarget.value)}
      />
    </Dialog>
  );
}

function ForgetDialog(props: DialogProps) {
  const { systems, state, name, onClose } = props;
  const forget = useSecretChange(() => forgetSecret(systems, state.key, name), {
    ...props,
    told: text.forgotten,
  });
  return (
    <Dialog
      title={text.forgetTitle(humanise(name))}
      error={forget.error}
      busy={forget.isPending}
      ready
      submit={text.forget}
      onClose={onClose}
      onSubmit={() => forget.mutate(undefined)}
    >
      <Text c="dimmed">{text.forgetText}</Text>
    </Dialog>
  );
}
