import { SegmentedControl, Skeleton, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { nodeTravellersQuery, type PlaceOfTraveller } from "../api/queries";
import type { NodeTraveller } from "../api/types";
import { endWord, pathWord } from "../journeys/words";
import { MoreRows, rowsOf } from "../shell/DataTable";
import { ErrorNotice } from "../shell/ErrorNotice";
import { at, LinkTo } from "../shell/LinkTo";
import { Moment } from "../shell/Moment";
import { strings } from "../strings";
import classes from "./map.module.css";

const text = strings.panel;
const PLACES: PlaceOfTraveller[] = ["current", "reached", "ended"];

/** Who stands at a node, has reached it, or ended there; each leads to its timeline. */
export function TravellerList({ journey, node }: { journey: string; node: string }) {
  const [place, setPlace] = useState<PlaceOfTraveller>("current");
  return (
    <Stack gap="sm">
      <SegmentedControl
        fullWidth
        size="xs"
        aria-label={text.show}
        value={place}
        onChange={(value) => setPlace(value as PlaceOfTraveller)}
        data={PLACES.map((value) => ({ value, label: text.places[value] }))}
      />
      <Travellers key={place} journey={journey} node={node} place={place} />
    </Stack>
  );
}

function Travellers({
  journey,
  node,
  place,
}: {
  journey: string;
  node: string;
  place: PlaceOfTraveller;
}) {
  const rows = useInfiniteQuery({
    ...nodeTravellersQuery(journey, node, place),
    refetchInterval: 8_000,
  });
  if (rows.error) return <ErrorNotice error={rows.error} onRetry={rows.refetch} />;
  if (rows.isPending) return <Skeleton height={120} />;
  const items = rowsOf(rows);
  if (items.length === 0) return <Text c="dimmed">{text.noTravellers[place]}</Text>;
  return (
    <div>
      <ul className={classes.travellers}>
        {items.map((item) => (
          <Traveller key={`${item.id} ${item.arrived_at}`} journey={journey} item={item} />
        ))}
      </ul>
      <MoreRows rows={rows} shown={items.length} />
    </div>
  );
}

function Traveller({ journey, item }: { journey: string; item: NodeTraveller }) {
  const { name, key } = item.traveller;
  return (
    <li>
      <LinkTo
        className={classes.traveller}
        to={`${at("/journeys", journey)}/${at("travellers", item.id)}`}
      >
        <Text span fw={600} fz="sm" truncate>
          {name || key}
          {item.entry > 1 ? ` · ${text.entry(item.entry)}` : ""}
        </Text>
        <Text span fz="xs" c="dimmed" ta="right">
          <TravellerNote item={item} />
        </Text>
      </LinkTo>
    </li>
  );
}

/** The one thing most worth knowing: when it goes on, how it ended, the path it took, or when it came. */
function TravellerNote({ item }: { item: NodeTraveller }) {
  if (item.left_at == null && item.due_at) return <Moment at={item.due_at} />;
  if (item.state === "ended" && item.outcome) return endWord(item.outcome);
  if (item.path) return pathWord(item.path);
  return <Moment at={item.arrived_at} />;
}
