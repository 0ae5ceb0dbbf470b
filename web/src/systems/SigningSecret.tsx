// The secret that signs a webhook's messages: a new one is made and shown this once.
import { Alert, Button, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { Secret } from "../admin/Secret";
import { systemQuery } from "../api/systems";
import { makeSigningSecret } from "../api/webhooks";
import { Dialog } from "../shell/Dialog";
import { formatInstant } from "../shell/format";
import { strings } from "../strings";

const text = strings.systems.signing;

export function SigningSecret({ webhook }: { webhook: string }) {
  const cache = useQueryClient();
  const [asking, setAsking] = useState(false);
  const make = useMutation({
    mutationFn: () => makeSigningSecret(webhook),
    onSuccess: () => {
      setAsking(false);
      return cache.invalidateQueries({ queryKey: systemQuery("webhooks", webhook).queryKey });
    },
  });
  const made = make.data;
  return (
    <>
      <Button
        size="xs"
        mt="md"
        variant="default"
        leftSection={<KeyRound size={14} aria-hidden />}
        onClick={() => setAsking(true)}
      >
        {text.make}
      </Button>
      {asking ? (
        <Dialog
          title={text.make}
          submit={text.make}
          error={make.error}
          busy={make.isPending}
          ready
          onClose={() => setAsking(false)}
          onSubmit={() => make.mutate()}
        >
          <Text c="dimmed">{text.makeText}</Text>
        </Dialog>
      ) : null}
      {made ? (
        // Forgotten with the dialog: nothing keeps it.
        <Secret title={text.made(webhook)} secret={made.secret} onClose={make.reset}>
          {made.former_ends_at ? (
            <Alert variant="light">{text.former(formatInstant(made.former_ends_at))}</Alert>
          ) : null}
        </Secret>
      ) : null}
    </>
  );
}
