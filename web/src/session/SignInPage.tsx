import { Alert, Button, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { body, client, setCsrf } from "../api/client";
import { ApiError } from "../api/problem";
import { sessionQuery } from "../api/queries";
import { Form } from "../forms/Form";
import { Brand } from "../shell/Brand";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";
import { SignInArt } from "./SignInArt";

export function SignInPage() {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const { next } = useSearch({ strict: false }) as { next?: string };
  const signIn = useMutation({
    mutationFn: (input: { email: string; password: string }) =>
      body(client.POST("/api/v1/session", { body: input })),
    onSuccess: async (session) => {
      setCsrf(session.csrf);
      cache.setQueryData(sessionQuery.queryKey, session);
      await navigate({ to: (ownPath(next) ?? "/") as never });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    const form = new FormData(event.currentTarget);
    signIn.mutate({ email: String(form.get("email")), password: String(form.get("password")) });
  };
  return (
    <main className={classes.signIn}>
      <div className={classes.signInForm}>
        <Brand large />
        <Stack gap={4}>
          <Title order={1}>{strings.session.title}</Title>
          <Text c="dimmed">{strings.session.lead}</Text>
        </Stack>
        <Form onSubmit={submit}>
          <Stack maw={380}>
            {signIn.error ? (
              <Alert color="red" variant="light" role="alert">
                {refusal(signIn.error)}
              </Alert>
            ) : null}
            <TextInput
              name="email"
              type="email"
              size="md"
              label={strings.session.email}
              autoComplete="username"
              required
              withAsterisk={false}
              autoFocus
            />
            <PasswordInput
              name="password"
              size="md"
              label={strings.session.password}
              autoComplete="current-password"
              required
              withAsterisk={false}
            />
            <Button type="submit" size="md" mt={6} loading={signIn.isPending}>
              {strings.session.submit}
            </Button>
          </Stack>
        </Form>
      </div>
      <SignInArt />
    </main>
  );
}

/** Only a path of this site may be the place to go on to. */
function ownPath(next: string | undefined): string | undefined {
  return next?.startsWith("/") && !next.startsWith("//") ? next : undefined;
}

function refusal(error: Error): string {
  return error instanceof ApiError && error.status === 401
    ? strings.session.refused
    : error.message;
}
