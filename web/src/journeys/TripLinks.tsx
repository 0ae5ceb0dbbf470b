import { Group, Stack, Text } from "@mantine/core";
import type { Account } from "../api/types";
import { at, LinkTo } from "../shell/LinkTo";
import { Moment } from "../shell/Moment";
import { endWord } from "./words";

/** The trips of one account or person: where it stands now, or how it ended. */
export function TripLinks({ trips, empty }: { trips: Account["journeys"]; empty: string }) {
  if (trips.length === 0) return <Text c="dimmed">{empty}</Text>;
  return (
    <Stack gap="sm">
      {trips.map((trip) => (
        <Group key={trip.id} justify="space-between" wrap="nowrap" gap="md">
          <div>
            <LinkTo to={`${at("/journeys", trip.journey)}/${at("travellers", trip.id)}`}>
              {trip.name ?? trip.journey}
            </LinkTo>
            <Text size="xs" c="dimmed">
              {endWord(trip.state === "active" ? "active" : trip.outcome)}
              {trip.state === "active" && trip.node ? ` · ${trip.node_title ?? trip.node}` : ""}
            </Text>
          </div>
          <Text size="xs">
            <Moment at={trip.entered_at} dimmed />
          </Text>
        </Group>
      ))}
    </Stack>
  );
}
