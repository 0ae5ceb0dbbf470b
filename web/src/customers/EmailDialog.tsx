// An email by hand; whoever may not be written to is told by name.
import { Alert, Button, Group, List, Modal, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { type Addressees, type Mailed, sendEmail } from "../api/mailing";
import { ReferencePicker } from "../forms/ReferencePicker";
import { Dialog } from "../shell/Dialog";
import { strings } from "../strings";

const text = strings.mailing;
/** Of an account of many, who gets none is told by name so far. */
const NAMED = 20;

type Props = {
  to: Addressees;
  /** Whoever they are, where they are not counted: “all people of Acme”, “Ada Byron”. */
  named?: string;
  onClose: () => void;
};

export function EmailDialog({ to, named, onClose }: Props) {
  const [email, setEmail] = useState<string>();
  const send = useMutation({ mutationFn: (key: string) => sendEmail(to, key) });
  if (send.data) return <Told mailed={send.data} onClose={onClose} />;
  const whom = named ?? text.people("people" in to ? to.people.length : 1);
  return (
    <Dialog
      title={text.title(whom)}
      error={send.error}
      busy={send.isPending}
      ready={email !== undefined}
      submit={text.send}
      onClose={onClose}
      onSubmit={() => email && send.mutate(email)}
    >
      <Text size="sm" c="dimmed">
        {text.hint}
      </Text>
      <ReferencePicker
        kind="email"
        label={text.email}
        required
        create={false}
        value={email}
        onChange={setEmail}
      />
    </Dialog>
  );
}

/** What became of it. */
function Told({ mailed, onClose }: { mailed: Mailed; onClose: () => void }) {
  const { queued, refused } = mailed;
  const unnamed = refused.length - NAMED;
  return (
    <Modal opened onClose={onClose} title={text.sent(queued)}>
      <Stack gap="md">
        <Text>{text.leaves}</Text>
        {refused.length > 0 ? (
          <Alert color="yellow" variant="light" role="status" title={text.refused(refused.length)}>
            <List size="sm">
              {refused.slice(0, NAMED).map(({ person, message }) => (
                <List.Item key={person}>{message}</List.Item>
              ))}
              {unnamed > 0 ? <List.Item>{text.more(unnamed)}</List.Item> : null}
            </List>
          </Alert>
        ) : null}
        <Group justify="flex-end">
          <Button onClick={onClose}>{text.done}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
