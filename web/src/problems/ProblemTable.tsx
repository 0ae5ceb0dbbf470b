import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleCheck } from "lucide-react";
import { body, client } from "../api/client";
import { problemsQuery } from "../api/queries";
import type { ProblemRow } from "../api/types";
import { NamedLink } from "../definitions/NamedLink";
import { type Column, DataTable, rowsOf } from "../shell/DataTable";
import { EmptyState } from "../shell/EmptyState";
import { humanise } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { Moment } from "../shell/Moment";
import { prose } from "../shell/Prose";
import { strings } from "../strings";

const text = strings.problems;

const COLUMNS: Column<ProblemRow>[] = [
  {
    id: "message",
    label: text.columns.message,
    cell: (row) => (
      <div style={{ minWidth: 240, maxWidth: 460 }}>
        <Text inherit fw={500}>
          {prose(row.message)}
        </Text>
        <Text size="xs" c="dimmed">
          {[
            text.kinds[row.kind] ?? row.kind,
            humanise(row.code),
            ...(row.attempts == null ? [] : [text.attempts(row.attempts)]),
          ].join(" · ")}
        </Text>
      </div>
    ),
  },
  {
    id: "where",
    label: text.columns.where,
    cell: (row) => (
      <>
        {row.journey ? <NamedLink plural="journeys" of={row.journey} /> : strings.list.none}
        <Node problem={row} />
      </>
    ),
  },
  {
    id: "traveller",
    label: text.columns.traveller,
    cell: (row) => row.traveller?.name ?? row.traveller?.key ?? strings.list.none,
  },
  { id: "since", label: text.columns.since, cell: (row) => <Moment at={row.since} dimmed /> },
  {
    id: "next",
    label: text.columns.next,
    cell: (row) => (row.next_try ? <Moment at={row.next_try} dimmed /> : strings.list.none),
  },
  { id: "actions", label: text.columns.settle, cell: (row) => <Settle problem={row} /> },
];

/** Leads to the card at which it happened. */
function Node({ problem: { journey, node, node_title: title } }: { problem: ProblemRow }) {
  if (!journey || !node) return null;
  return (
    <Text size="xs">
      <LinkTo to={`${at("/journeys", journey)}?node=${encodeURIComponent(node)}`}>
        {title ?? node}
      </LinkTo>
    </Text>
  );
}

/** Of one journey: only where on its map. */
const NODE: Column<ProblemRow> = {
  id: "node",
  label: text.columns.node,
  cell: (row) => (row.node ? <Node problem={row} /> : strings.list.none),
};

/** What waits for somebody: of one journey, or of all. */
export function ProblemTable({ journey }: { journey?: string }) {
  const rows = useInfiniteQuery(problemsQuery(journey));
  const stopped = rowsOf(rows).filter(({ kind }) => kind === "step").length;
  return (
    <>
      {stopped > 1 ? <SettleAll journey={journey} stopped={stopped} /> : null}
      <DataTable
        label={text.title}
        rows={rows}
        columns={
          journey ? COLUMNS.map((column) => (column.id === "where" ? NODE : column)) : COLUMNS
        }
        rowKey={(row) => row.id}
        empty={<EmptyState icon={CircleCheck} title={text.empty} hint={text.emptyHint} />}
      />
    </>
  );
}

type How = "retry" | "skip";

/** Settles, says so, and has the problems read again. */
function useSettle<R>(settle: (how: How) => Promise<R>, told: (how: How, done: R) => string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: settle,
    onSuccess: (done, how) => {
      notifications.show({ message: told(how, done) });
      return cache.invalidateQueries({ queryKey: ["problems"] });
    },
    onError: (error) =>
      notifications.show({
        color: "red",
        title: strings.errors.actionFailed,
        message: error.message,
      }),
  });
}

/** Trips that one fault stopped are settled together, also those that are not shown. */
function SettleAll({ journey, stopped }: { journey: string | undefined; stopped: number }) {
  const settle = useSettle(
    (how) => {
      const of = { body: journey ? { journey } : {} };
      return body(
        how === "retry"
          ? client.POST("/api/v1/problems/retry", of)
          : client.POST("/api/v1/problems/skip", of),
      );
    },
    (_, { trips }) => text.settledAll(trips),
  );
  return (
    <Group gap="xs" mb="sm">
      <Text size="sm">{text.steps(stopped)}</Text>
      <Button
        size="xs"
        variant="light"
        disabled={settle.isPending}
        onClick={() => settle.mutate("retry")}
      >
        {text.retryAll}
      </Button>
      <Button
        size="xs"
        variant="default"
        disabled={settle.isPending}
        onClick={() => settle.mutate("skip")}
      >
        {text.skipAll}
      </Button>
    </Group>
  );
}

function Settle({ problem }: { problem: ProblemRow }) {
  const settle = useSettle(
    (how) => {
      const params = { params: { path: { id: problem.id } } };
      return body(
        how === "retry"
          ? client.POST("/api/v1/problems/{id}/retry", params)
          : client.POST("/api/v1/problems/{id}/skip", params),
      );
    },
    (how) => (how === "retry" ? text.retried : text.skipped),
  );
  return (
    <Group gap={6} wrap="nowrap">
      {problem.remedies.includes("retry") ? (
        <Button
          size="compact-xs"
          variant="light"
          disabled={settle.isPending}
          aria-label={text.retryNamed(problem.message)}
          onClick={() => settle.mutate("retry")}
        >
          {text.retry}
        </Button>
      ) : null}
      {problem.remedies.includes("skip") ? (
        <Button
          size="compact-xs"
          variant="default"
          disabled={settle.isPending}
          aria-label={text.skipNamed(problem.message)}
          onClick={() => settle.mutate("skip")}
        >
          {text.skip}
        </Button>
      ) : null}
    </Group>
  );
}
