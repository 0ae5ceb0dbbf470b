import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams, useSearch } from "@tanstack/react-router";
import { Footprints } from "lucide-react";
import { useState } from "react";
import { useMay } from "../admin/useMay";
import type { ExportOf } from "../api/exports";
import { mapQuery, travellersQuery } from "../api/queries";
import { ListSection } from "../shell/ListPage";
import { useSearchText } from "../shell/ListTools";
import { StateSwitch } from "../shell/StateSwitch";
import { useServerSort } from "../shell/serverSort";
import { useRows } from "../shell/useRows";
import { strings } from "../strings";
import { EnterDialog } from "./EnterDialog";
import classes from "./journeys.module.css";
import { travellerColumns } from "./travellerColumns";

const text = strings.travellers;
const STATES = [
  { value: "active", label: text.active },
  { value: "ended", label: text.ended },
] as const;
/** How they come where nobody asked for another order. */
const AS_THEY_ENTERED = { column: "entered", down: false };

/** Every trip of the journey, inside or ended. */
export function TravellersTab() {
  const { key } = useParams({ from: "/inside/journeys/$key" });
  const { state: asked } = useSearch({ strict: false }) as { state?: string };
  const state = asked === "ended" ? "ended" : "active";
  const { data: map } = useQuery(mapQuery(key));
  // What the columns are is known with who travels; another state has other columns, and an order of its own.
  return map ? <Trips key={state} journey={key} state={state} map={map} /> : null;
}

type Props = {
  journey: string;
  state: "active" | "ended";
  map: { state: string; subject: "account" | "person" };
};

function Trips({ journey, state, map }: Props) {
  const mayRun = useMay()?.("journeys:run") === true;
  const [entering, setEntering] = useState(false);
  const q = useSearchText();
  const columns = travellerColumns(journey, map.subject, state);
  const { order, server } = useServerSort(columns);
  const rows = useRows(travellersQuery(journey, state, q, order));
  const exported = { travellers: { journey, ended: state === "ended", q: q || null, ...order } };
  return (
    <div className={classes.tab}>
      <ListSection
        id={`travellers-${state}`}
        title={strings.journey.tabs.travellers}
        searchLabel={map.subject === "person" ? strings.list.searchPeople : strings.list.searchKey}
        rows={rows}
        columns={columns}
        rowKey={(row) => row.id}
        server={server}
        usual={AS_THEY_ENTERED}
        exported={exported as ExportOf}
        filters={<StateSwitch w={200} label={text.state} value={state} states={STATES} />}
        actions={
          mayRun && map.state === "live" ? (
            <Button variant="default" onClick={() => setEntering(true)}>
              {text.enter.title[map.subject]}
            </Button>
          ) : null
        }
        empty={{ icon: Footprints, title: text.empty, hint: text.emptyHint }}
      />
      {entering ? (
        <EnterDialog journey={journey} subject={map.subject} onClose={() => setEntering(false)} />
      ) : null}
    </div>
  );
}
