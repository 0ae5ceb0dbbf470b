import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleCheck } from "lucide-react";
import { useMay } from "../admin/useMay";
import { body, client } from "../api/client";
import { problemsQuery } from "../api/queries";
import type { ProblemRow } from "../api/types";
import { NamedLink } from "../definitions/NamedLink";
import { momentColumn, textColumn } from "../shell/columns";
import { type Column, rowsOf } from "../shell/DataTable";
import { humanise } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { ListSection } from "../shell/ListPage";
import { useSearchText } from "../shell/ListTools";
import { prose } from "../shell/Prose";
import { tellFailure } from "../shell/tellFailure";
import { useRows } from "../shell/useRows";
import { strings } from "../strings";

const text = strings.problems;

const kindOf = (row: ProblemRow) => text.kinds[row.kind] ?? row.kind;
const nodeOf = (row: ProblemRow) => row.node_title ?? row.node;

const MESSAGE: Column<ProblemRow> = {
  id: "message",
  label: text.columns.message,
  fixed: true,
  value: (row) => row.message,
  cell: (row) => (
    <div style={{ minWidth: 240, maxWidth: 460 }}>
      <Text inherit fw={500}>
        {prose(row.message)}
      </Text>
      <Text size="xs" c="dimmed">
        {[
          kindOf(row),
          humanise(row.code),
          ...(row.attempts == null ? [] : [text.attempts(row.attempts)]),
        ].join(" · ")}
      </Text>
    </div>
  ),
};

const WHERE: Column<ProblemRow> = {
  id: "where",
  label: text.columns.where,
  value: (row) => row.journey && [row.journey, nodeOf(row)].filter(Boolean).join(" · "),
  cell: (row) => (
    <>
      {row.journey ? <NamedLink plural="journeys" of={row.journey} /> : strings.list.none}
      <Node problem={row} />
    </>
  ),
};

/** Of one journey: only where on its map. */
const NODE: Column<ProblemRow> = {
  id: "node",
  label: text.columns.node,
  value: nodeOf,
  cell: (row) => (row.node ? <Node problem={row} /> : strings.list.none),
};

const SETTLE: Column<ProblemRow> = {
  id: "actions",
  label: text.columns.settle,
  fixed: true,
  cell: (row) => <Settle problem={row} />,
};

/** Told only to who may read customers. */
const WHO: Column<ProblemRow>[] = [
  textColumn(
    "traveller",
    text.columns.traveller,
    (row) => row.traveller?.name || row.traveller?.key,
  ),
  textColumn("key", text.columns.key, (row) => row.traveller?.key, { optional: true }),
];

const columnsOf = (journey: string | undefined, tellsWho: boolean): Column<ProblemRow>[] => [
  MESSAGE,
  journey ? NODE : WHERE,
  ...(tellsWho ? WHO : []),
  textColumn("kind", text.columns.kind, kindOf, { optional: true }),
  textColumn("code", text.columns.code, (row) => row.code, { optional: true }),
  momentColumn("since", text.columns.since, (row) => row.since),
  momentColumn("next", text.columns.next, (row) => row.next_try),
  SETTLE,
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

/** What waits for somebody: of one journey, or of all. */
export function ProblemTable({ journey }: { journey?: string }) {
  const q = useSearchText();
  const rows = useRows(problemsQuery(journey, q));
  const tellsWho = useMay()?.("customers:read") !== false;
  const stopped = rowsOf(rows).filter(({ kind }) => kind === "step").length;
  return (
    <ListSection
      id={journey ? "problems-of-journey" : "problems"}
      title={text.title}
      searchLabel={tellsWho ? text.search : text.searchWords}
      rows={rows}
      columns={columnsOf(journey, tellsWho)}
      rowKey={(row) => row.id}
      above={
        stopped > 1 && q === "" ? <SettleAll journey={journey} stopped={stopped} /> : undefined
      }
      empty={{ icon: CircleCheck, title: text.empty, hint: text.emptyHint }}
    />
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
    onError: tellFailure,
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
