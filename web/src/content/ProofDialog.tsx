// Sends a message as it is kept to those who look it over; figures, consent and journeys know nothing of it.
import { Alert, Group, List, Stack, TagsInput, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { sendProof, sendTextProof, type Viewer } from "../api/content";
import { Dialog } from "../shell/Dialog";
import { strings } from "../strings";
import { PersonPicker } from "./PersonPicker";

const text = strings.content.proof;

type Props = {
  definition: string;
  /** What goes out: an email to addresses, or a text to numbers. */
  channel: "email" | "sms";
  saved: boolean;
  viewer: Viewer;
  onClose: () => void;
};

export function ProofDialog({ definition, channel, saved, viewer, onClose }: Props) {
  const [to, setTo] = useState<string[]>([]);
  // Readers who look at it as somebody else than the preview does.
  const [as, setAs] = useState<Record<string, string | undefined>>({});
  const readers = to.map((address) => ({
    to: address,
    person: address in as ? as[address] : viewer.person,
  }));
  const send = useMutation({
    mutationFn: () =>
      channel === "sms"
        ? sendTextProof(definition, readers, viewer)
        : sendProof(definition, readers, viewer),
  });
  const sent = send.data?.items;
  return (
    <Dialog
      title={text.title}
      error={send.error}
      busy={send.isPending}
      ready={to.length > 0}
      submit={text.send}
      onClose={onClose}
      onSubmit={() => send.mutate()}
    >
      <TagsInput
        label={text.to}
        description={channel === "sms" ? text.numbersHint : text.hint}
        placeholder={strings.forms.typeAndEnter}
        splitChars={channel === "sms" ? [",", ";"] : [",", ";", " "]}
        maxTags={10}
        data-autofocus
        value={to}
        onChange={setTo}
      />
      <Stack gap="xs">
        {readers.map(({ to: reader, person }) => (
          <Group
            key={reader}
            gap="xs"
            justify="space-between"
            role="group"
            aria-label={text.asFor(reader)}
          >
            <Text size="sm">{text.asFor(reader)}</Text>
            <PersonPicker
              value={person}
              onChange={(next) => setAs((before) => ({ ...before, [reader]: next }))}
            />
          </Group>
        ))}
      </Stack>
      {saved ? null : (
        <Alert color="yellow" variant="light">
          {text.unsaved}
        </Alert>
      )}
      {sent ? (
        <Alert
          color={sent.every(({ outcome }) => outcome === "sent") ? "green" : "yellow"}
          role="status"
        >
          <List size="sm">
            {sent.map((each) => (
              <List.Item key={each.to}>
                {each.outcome === "sent"
                  ? text.sent(each.to)
                  : text.refused(each.to, each.message ?? "")}
              </List.Item>
            ))}
          </List>
        </Alert>
      ) : null}
    </Dialog>
  );
}
