// An email by hand to members of a buying group; whoever may not be written to is told by name.
import { Alert, Button, Group, List, Modal, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { type Mailed, mailMembers } from "../api/groups";
import type { GroupDetail } from "../api/types";
import { ReferencePicker } from "../forms/ReferencePicker";
import { Dialog } from "../shell/Dialog";
import { strings } from "../strings";

const text = strings.groups.mail;

type Props = { group: GroupDetail; people: string[]; onClose: () => void };

export function EmailDialog({ group, people, onClose }: Props) {
  const [email, setEmail] = useState<string>();
  const send = useMutation({
    mutationFn: (key: string) => mailMembers(group.id, key, people),
  });
  if (send.data) return <Told mailed={send.data} onClose={onClose} />;
  return (
    <Dialog
      title={text.title(people.length)}
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
  return (
    <Modal opened onClose={onClose} title={text.sent(mailed.queued)}>
      <Stack gap="md">
        <Text>{text.leaves}</Text>
        {mailed.refused.length > 0 ? (
          <Alert
            color="yellow"
            variant="light"
            role="status"
            title={text.refused(mailed.refused.length)}
          >
            <List size="sm">
              {mailed.refused.map(({ person, message }) => (
                <List.Item key={person}>{message}</List.Item>
              ))}
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
