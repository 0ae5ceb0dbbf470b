// What narrows a dashboard. Everything stands in the address.
import { SegmentedControl, Select } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { journeysQuery } from "../api/queries";
import { useDefinitions } from "../forms/ReferencePicker";
import { rowsOf } from "../shell/DataTable";
import { strings } from "../strings";
import type { BoardSearch } from "./search";

const text = strings.dashboards.filters;
const ALL = "all";

export function useBoard() {
  // Boards stand under the dashboards, and those of buying groups beside the groups too.
  const search = useSearch({ strict: false }) as BoardSearch;
  const navigate = useNavigate();
  const put = (part: Partial<BoardSearch>) =>
    void navigate({
      to: ".",
      search: ((before: BoardSearch) => ({ ...before, ...part })) as never,
      replace: true,
    });
  return { search, put };
}

/** Back from today; `open`: all time can be chosen too. */
export function DaysFilter({ usual, open = false }: { usual: number; open?: boolean }) {
  const { search, put } = useBoard();
  const data = [
    ...[7, 30, 90].map((n) => ({ value: String(n), label: text.days(n) })),
    ...(open ? [{ value: ALL, label: text.allTime }] : []),
  ];
  const days = search.days ?? usual;
  const value = days === 0 ? ALL : String(days);
  return (
    <SegmentedControl
      size="xs"
      aria-label={text.since}
      data={data}
      value={value}
      // All time is 0 in the address.
      onChange={(next) => put({ days: next === ALL ? 0 : Number(next) })}
    />
  );
}

export function JourneyFilter({ required = false }: { required?: boolean }) {
  const { search, put } = useBoard();
  const journeys = rowsOf(useInfiniteQuery(journeysQuery("")));
  const chosen = search.journey ?? (required ? journeys[0]?.key : undefined);
  return (
    <Select
      size="xs"
      w={260}
      aria-label={text.journey}
      placeholder={text.allJourneys}
      searchable
      clearable={!required}
      allowDeselect={!required}
      data={journeys.map(({ key, name }) => ({ value: key, label: name || key }))}
      value={chosen ?? null}
      onChange={(journey) => put({ journey: journey ?? undefined })}
    />
  );
}

export function InterestFilter() {
  const { search, put } = useBoard();
  const interests = useDefinitions("solution_interest").options;
  return (
    <Select
      size="xs"
      w={240}
      aria-label={text.interest}
      placeholder={text.allInterests}
      searchable
      clearable
      data={interests.map(({ value, label }) => ({ value, label }))}
      value={search.interest ?? null}
      onChange={(interest) => put({ interest: interest ?? undefined })}
    />
  );
}
