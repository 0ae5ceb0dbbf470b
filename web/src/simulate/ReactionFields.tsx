// One thing that those do who come to a listener.
import { Select, Stack, Text } from "@mantine/core";
import type { Subject } from "../api/customers";
import type { EventEntry } from "../api/types";
import { durationWords, humanise } from "../shell/format";
import { strings } from "../strings";
import { WhoFields } from "./WhoFields";
import { comesTooLate, type Listener, type Reaction } from "./way";

type Props = {
  subject: Subject;
  listener: Listener;
  events: EventEntry[];
  reaction: Reaction;
  onChange: (reaction: Reaction) => void;
};

export function ReactionFields({ subject, listener, events, reaction, onChange }: Props) {
  const labelOf = (type: string) =>
    events.find((each) => each.type === type)?.label ?? humanise(type);
  const types = [...new Set(listener.events)];
  return (
    <Stack gap="xs">
      {types.length > 1 ? (
        <Select
          size="xs"
          label={strings.simulate.way.event}
          allowDeselect={false}
          data={types.map((type) => ({ value: type, label: labelOf(type) }))}
          value={reaction.type ?? types[0] ?? null}
          onChange={(type) => onChange({ ...reaction, type: type ?? undefined })}
        />
      ) : null}
      <WhoFields
        subject={subject}
        who={reaction.who}
        after={reaction.after}
        onChange={(part) => onChange({ ...reaction, ...part })}
      />
      {comesTooLate(reaction.after, listener) ? (
        <Text size="xs" c="orange" role="status">
          {strings.simulate.way.tooLate(durationWords(listener.within ?? ""))}
        </Text>
      ) : null}
    </Stack>
  );
}
