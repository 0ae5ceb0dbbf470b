import { CloseButton, Group, SegmentedControl, Skeleton, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { nodeTravellersQuery, PLACES, type PlaceOfTraveller, whileShort } from "../api/queries";
import type { NodeTraveller } from "../api/types";
import { endWord, heldLine, outcomeWord, pathWord, reasonWord } from "../journeys/words";
import { MoreRows, rowsOf } from "../shell/DataTable";
import { ErrorNotice } from "../shell/ErrorNotice";
import { at, LinkTo } from "../shell/LinkTo";
import { Moment } from "../shell/Moment";
import { SearchInput } from "../shell/SearchInput";
import { isUnfinished, SearchOn, useSearchOn } from "../shell/searchOn";
import { strings } from "../strings";
import classes from "./map.module.css";
import type { Shown } from "./shown";

const text = strings.panel;
/** Nobody is looked for at every letter. */
const PATIENCE_MS = 250;

type Props = {
  journey: string;
  node: string;
  inBox: boolean;
  shown: Shown;
  onShow: (shown: Shown) => void;
};

/** Who stands at a node, has reached it, ended there, took a path, or had an outcome; each leads to its timeline. */
export function TravellerList({ journey, node, inBox, shown, onShow }: Props) {
  const { show = "current", path, outcome, reason } = shown;
  const [search, setSearch] = useState("");
  const [q] = useDebouncedValue(search.trim() || undefined, PATIENCE_MS);
  return (
    <Stack gap="sm">
      {inBox ? null : (
        <SegmentedControl
          fullWidth
          size="xs"
          aria-label={text.show}
          value={show}
          onChange={(value) => onShow({ ...shown, show: value as PlaceOfTraveller })}
          data={PLACES.map((value) => ({ value, label: text.places[value] }))}
        />
      )}
      {path ? (
        <Narrowed words={text.tookPath(pathWord(path))} onAll={() => onShow({ show })} />
      ) : null}
      {outcome ? (
        <Narrowed words={outcomeWords(outcome, reason)} onAll={() => onShow({ show })} />
      ) : null}
      <SearchInput size="xs" label={text.search} value={search} onChange={setSearch} />
      <Travellers
        key={[show, path, outcome, reason].join(" ")}
        {...{ journey, node, show, path, outcome, reason, q }}
      />
    </Stack>
  );
}

const outcomeWords = (outcome: string, reason: string | undefined) =>
  reason ? `${outcomeWord(outcome)}: ${reasonWord(reason)}` : outcomeWord(outcome);

/** What the list is narrowed to, until it is shown whole again. */
function Narrowed({ words, onAll }: { words: string; onAll: () => void }) {
  return (
    <Group gap="xs" justify="space-between" wrap="nowrap">
      <Text size="sm" fw={600}>
        {words}
      </Text>
      <CloseButton size="sm" aria-label={text.all} onClick={onAll} />
    </Group>
  );
}

function Travellers({
  journey,
  node,
  show,
  ...narrowed
}: Shown & { journey: string; node: string; show: PlaceOfTraveller; q: string | undefined }) {
  const rows = useInfiniteQuery({
    ...nodeTravellersQuery(journey, node, show, narrowed),
    refetchInterval: whileShort,
    placeholderData: keepPreviousData,
  });
  const goesOn = useSearchOn(rows);
  const items = rowsOf(rows);
  if (items.length === 0 && isUnfinished(rows)) return <SearchOn rows={rows} goesOn={goesOn} />;
  if (rows.error) return <ErrorNotice error={rows.error} onRetry={rows.refetch} />;
  if (rows.isPending) return <Skeleton height={120} />;
  if (items.length === 0)
    return <Text c="dimmed">{narrowed.q ? text.nobodyFound : text.noTravellers[show]}</Text>;
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
          <ForWhom outcomes={item.outcomes ?? []} />
        </Text>
        <Text span fz="xs" c="dimmed" ta="right">
          <TravellerNote item={item} />
        </Text>
      </LinkTo>
    </li>
  );
}

/** The people of an account for whom the action came out as it was asked. */
function ForWhom({ outcomes }: { outcomes: NonNullable<NodeTraveller["outcomes"]> }) {
  const people = outcomes.flatMap(({ person }) => (person ? [person.name || person.key] : []));
  if (people.length === 0) return null;
  return (
    <Text span fw={400} fz="xs" c="dimmed" display="block" truncate>
      {people.join(", ")}
    </Text>
  );
}

/** The one thing most worth knowing: what holds its messages, when it goes on, how it ended, the path it took, or when it came. */
function TravellerNote({ item }: { item: NodeTraveller }) {
  const [held] = item.held ?? [];
  if (held) return heldLine(held);
  if (item.left_at == null && item.due_at) return <Moment at={item.due_at} />;
  if (item.state === "ended" && item.outcome) return endWord(item.outcome);
  if (item.path) return pathWord(item.path);
  return <Moment at={item.arrived_at} />;
}
