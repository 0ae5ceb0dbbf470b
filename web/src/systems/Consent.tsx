// The consent by which a connection works: until when it holds, and the way to the other side's page that asks for one.
import { Alert, Button, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { ExternalLink } from "lucide-react";
import { askForConsent } from "../api/systems";
import type { SystemState } from "../api/types";
import { Refusal } from "../journeys/Refusal";
import { Card } from "../shell/Card";
import { Facts } from "../shell/Facts";
import { strings } from "../strings";
import { remember } from "./asked";
import { Occasion } from "./Trial";

const text = strings.systems.consent;

type Props = { state: SystemState; saved: boolean; mayChange: boolean };

export function Consent({ state, saved, mayChange }: Props) {
  const { consent } = state;
  if (!consent) return null;
  const { redirect_address, ends_at, problem } = consent;
  return (
    <Card title={text.title}>
      <Facts
        facts={[
          { label: text.ends, value: ends_at ? <Occasion at={ends_at} /> : text.unknown },
          { label: text.redirect, value: redirect_address ?? text.noAddress },
        ]}
      />
      {problem ? (
        <Alert color="yellow" variant="light" mt="sm">
          {problem}
        </Alert>
      ) : null}
      {mayChange ? <Connect connection={state.key} saved={saved} /> : null}
    </Card>
  );
}

function Connect({ connection, saved }: { connection: string; saved: boolean }) {
  const ask = useMutation({
    mutationFn: () => askForConsent(connection),
    onSuccess: ({ address }) => {
      remember(connection);
      window.location.assign(address);
    },
  });
  return (
    <>
      <Text size="sm" c="dimmed" mt="sm">
        {text.hint}
      </Text>
      <Button
        size="xs"
        mt="md"
        variant="default"
        leftSection={<ExternalLink size={14} aria-hidden />}
        disabled={!saved}
        // The page is on its way once its address is known.
        loading={ask.isPending || ask.isSuccess}
        onClick={() => ask.mutate()}
      >
        {text.connect}
      </Button>
      {ask.error ? <Refusal error={ask.error} /> : null}
    </>
  );
}
