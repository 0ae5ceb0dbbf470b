// The instant at which somebody who arrives now would leave a wait, as the server reckons it.
import { Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { waitPreviewQuery } from "../api/drafts";
import { formatInstant } from "../shell/format";
import { strings } from "../strings";
import type { Fields } from "./manifest";

const PATIENCE_MS = 300;

type Props = {
  /** The node, or the timeout, that holds the wait. */
  node: Fields;
  words: { at: (when: string) => string; atOnce: string };
};

export function Leaving({ node, words }: Props) {
  const { duration, until, must_end_on } = node;
  const [asked] = useDebouncedValue(plain({ duration, until, must_end_on }), PATIENCE_MS);
  const { data, error } = useQuery({
    ...waitPreviewQuery(asked),
    placeholderData: keepPreviousData,
  });
  // What is not a wait yet is told at its fields.
  if (!data || error) return null;
  return (
    <Text size="sm" role="status" data-leaves={data.ends_at}>
      {data.ends_at === data.now ? words.atOnce : words.at(formatInstant(data.ends_at))}
      {data.own_zone ? (
        <Text span size="xs" c="dimmed" display="block">
          {strings.editor.wait.ownZone}
        </Text>
      ) : null}
    </Text>
  );
}

const plain = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
