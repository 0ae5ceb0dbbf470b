import { Button, Group, SegmentedControl } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Footprints } from "lucide-react";
import { useState } from "react";
import { useMay } from "../admin/useMay";
import { mapQuery, travellersQuery } from "../api/queries";
import type { JourneyTraveller } from "../api/types";
import { type Column, DataTable } from "../shell/DataTable";
import { EmptyState } from "../shell/EmptyState";
import { at, LinkTo } from "../shell/LinkTo";
import { Moment } from "../shell/Moment";
import shell from "../shell/shell.module.css";
import { strings } from "../strings";
import { EnterDialog } from "./EnterDialog";
import classes from "./journeys.module.css";
import { endWord } from "./words";

const text = strings.travellers;

/** Every trip of the journey, inside or ended. */
export function TravellersTab() {
  const { key } = useParams({ from: "/inside/journeys/$key" });
  const navigate = useNavigate();
  const { state: asked } = useSearch({ strict: false }) as { state?: string };
  const state = asked === "ended" ? "ended" : "active";
  const { data: map } = useQuery(mapQuery(key));
  const mayRun = useMay()?.("journeys:run") === true;
  const [entering, setEntering] = useState(false);
  const rows = useInfiniteQuery({ ...travellersQuery(key, state), refetchInterval: 10_000 });
  return (
    <div className={classes.tab}>
      <Group justify="space-between">
        <SegmentedControl
          w={240}
          aria-label={text.state}
          value={state}
          onChange={(value) =>
            void navigate({
              to: ".",
              search: { state: value === "ended" ? value : undefined } as never,
              replace: true,
            })
          }
          data={[
            { value: "active", label: text.active },
            { value: "ended", label: text.ended },
          ]}
        />
        {mayRun && map?.state === "live" ? (
          <Button variant="default" onClick={() => setEntering(true)}>
            {text.enter.title[map.subject]}
          </Button>
        ) : null}
      </Group>
      {entering && map ? (
        <EnterDialog journey={key} subject={map.subject} onClose={() => setEntering(false)} />
      ) : null}
      <DataTable
        label={strings.journey.tabs.travellers}
        rows={rows}
        columns={columnsOf(key, state)}
        rowKey={(row) => row.id}
        empty={<EmptyState icon={Footprints} title={text.empty} hint={text.emptyHint} />}
      />
    </div>
  );
}

function columnsOf(journey: string, state: "active" | "ended"): Column<JourneyTraveller>[] {
  const name: Column<JourneyTraveller> = {
    id: "name",
    label: text.columns.name,
    cell: (row) => (
      <LinkTo
        className={shell.nameLink}
        to={`${at("/journeys", journey)}/${at("travellers", row.id)}`}
      >
        {row.traveller.name || row.traveller.key}
      </LinkTo>
    ),
  };
  const node: Column<JourneyTraveller> = {
    id: "node",
    label: text.columns.node,
    cell: (row) => row.node_title || strings.list.none,
  };
  const moment = (
    id: "entered" | "due" | "ended",
    at: (row: JourneyTraveller) => string | null | undefined,
  ): Column<JourneyTraveller> => ({
    id,
    label: text.columns[id],
    cell: (row) => <Moment at={at(row)} dimmed />,
  });
  const entered = moment("entered", (row) => row.entered_at);
  if (state === "active") return [name, node, entered, moment("due", (row) => row.due_at)];
  const outcome: Column<JourneyTraveller> = {
    id: "outcome",
    label: text.columns.outcome,
    cell: (row) => endWord(row.outcome),
  };
  return [name, outcome, node, entered, moment("ended", (row) => row.ended_at)];
}
