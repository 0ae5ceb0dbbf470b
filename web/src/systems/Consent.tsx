// The consent by which a connection works: until when it holds, the way to the other side's page that asks for one, and
// what must be set before.
import { Alert, Button, Group, List, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { ExternalLink } from "lucide-react";
import { askForConsent } from "../api/systems";
import type { SystemState } from "../api/types";
import { Refusal } from "../journeys/Refusal";
import { Card } from "../shell/Card";
import { Facts } from "../shell/Facts";
import { prose } from "../shell/Prose";
import { strings } from "../strings";
import { remember } from "./asked";
import { SetSecret } from "./SetSecret";
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
          {prose(problem)}
        </Alert>
      ) : null}
      {mayChange ? <Connect state={state} missing={consent.missing} saved={saved} /> : null}
    </Card>
  );
}

type Missing = NonNullable<SystemState["consent"]>["missing"];

/** Whoever looks for it finds it, also while it leads nowhere yet. */
function Connect({
  state,
  missing,
  saved,
}: {
  state: SystemState;
  missing: Missing;
  saved: boolean;
}) {
  const connection = state.key;
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
      <Before state={state} missing={missing} />
      <Button
        size="xs"
        mt="md"
        variant="default"
        leftSection={<ExternalLink size={14} aria-hidden />}
        disabled={!saved || missing.length > 0}
        // The page is on its way once its address is known.
        loading={ask.isPending || ask.isSuccess}
        onClick={() => ask.mutate()}
      >
        {text.connect}
      </Button>
      {saved ? null : (
        <Text size="xs" c="dimmed" mt={4}>
          {text.saveFirst}
        </Text>
      )}
      {ask.error ? <Refusal error={ask.error} /> : null}
    </>
  );
}

function Before({ state, missing }: { state: SystemState; missing: Missing }) {
  if (missing.length === 0) return null;
  return (
    <>
      <Text size="sm" fw={600} mt="sm">
        {text.before}
      </Text>
      <List size="sm" mt={4}>
        {missing.map(({ code, pointer, message }) => (
          <List.Item key={code + pointer}>
            <Group gap="xs">
              <span>{prose(message)}</span>
              <SetSecret systems="connections" system={state.key} pointer={pointer} />
            </Group>
          </List.Item>
        ))}
      </List>
    </>
  );
}
