// The funnel as a file: one line for each node, with the counts that the table shows.
import type { JourneyMap, JourneyStatus } from "../api/types";
import type { Column } from "../shell/DataTable";
import { formatNumber } from "../shell/format";
import { ExportButton } from "../shell/ListTools";
import { givenRows } from "../shell/useRows";
import { strings } from "../strings";

const words = strings.overview.columns;

type Line = {
  node: JourneyMap["nodes"][number];
  counts: JourneyStatus["nodes"][string] | undefined;
  entered: number;
};
type Count = "reached" | "left" | "current" | "ended";

const counted = (id: Count): Column<Line> => ({
  id,
  label: words[id],
  value: (row) => row.counts?.[id] ?? 0,
  cell: (row) => formatNumber(row.counts?.[id]),
});

export const FUNNEL: Column<Line>[] = [
  { id: "node", label: words.node, value: (row) => row.node.title, cell: (row) => row.node.title },
  { id: "name", label: words.name, value: (row) => row.node.id, cell: (row) => row.node.id },
  {
    id: "share",
    label: words.share,
    value: (row) => (row.entered > 0 ? (row.counts?.reached ?? 0) / row.entered : null),
    cell: (row) => row.entered,
  },
  ...(["reached", "left", "current", "ended"] as const).map(counted),
];

/** The lines of a journey's funnel. */
export const funnelLines = (map: JourneyMap, status: JourneyStatus): Line[] =>
  map.nodes.map((node) => ({
    node,
    counts: status.nodes[node.id],
    entered: status.travellers.entered ?? 0,
  }));

export function FunnelFile({ map, status }: { map: JourneyMap; status: JourneyStatus }) {
  const rows = givenRows(funnelLines(map, status));
  return <ExportButton name={`${map.key}-funnel`} rows={rows} columns={FUNNEL} />;
}
