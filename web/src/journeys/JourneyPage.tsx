// One journey: its header, and the tab that the address names.
import { Tabs, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Outlet, useNavigate, useParams, useRouterState } from "@tanstack/react-router";
import { useState } from "react";
import { useLiveStatus } from "../api/live";
import { mapQuery } from "../api/queries";
import { type OpenDraft, OpenDraftContext } from "../editor/openDraft";
import { isPublished } from "../map/graph";
import { PageFault } from "../shell/Fault";
import { formatDate } from "../shell/format";
import { at } from "../shell/LinkTo";
import { PageHeader } from "../shell/PageHeader";
import { useOpened } from "../shell/recent";
import { StateDot } from "../shell/StateDot";
import { strings } from "../strings";
import classes from "./journeys.module.css";
import { LifeCycle } from "./LifeCycle";

const text = strings.journey;
const TABS = ["map", "overview", "travellers", "simulate", "problems", "history"] as const;

export function JourneyPage() {
  const { key } = useParams({ from: "/inside/journeys/$key" });
  const map = useQuery(mapQuery(key));
  const live = useLiveStatus(key);
  const [draft] = useState<OpenDraft>(() => ({ current: undefined }));
  useOpened(map.data && { kind: "journey", title: map.data.name || key, to: at("/journeys", key) });
  if (map.error) {
    return (
      <PageFault
        error={map.error}
        onRetry={map.refetch}
        back={{ to: "/journeys", label: strings.journey.back }}
        record={at("/journeys", key)}
      />
    );
  }
  const state = live.data?.state ?? map.data?.state;
  return (
    <OpenDraftContext value={draft}>
      <div className={classes.journey}>
        <div className={classes.head}>
          <PageHeader
            title={map.data?.name || key}
            back={{ to: "/journeys", label: text.back }}
            detail={
              map.data && state ? (
                <>
                  <span>
                    {map.data.subject === "account"
                      ? strings.subjects.accountJourney
                      : strings.subjects.personJourney}
                  </span>
                  <StateDot state={state} paused={live.data?.paused} />
                  <span>
                    {isPublished(map.data) ? text.version(map.data.version ?? 0) : text.unpublished}
                  </span>
                  {map.data.end ? <span>{endSentence(map.data.end, state)}</span> : null}
                  {state === "live" || state === "closed" ? (
                    <LiveMark stream={live.stream} />
                  ) : null}
                </>
              ) : null
            }
          >
            {state ? (
              <LifeCycle
                journey={key}
                subject={map.data?.subject ?? "account"}
                state={state}
                paused={live.data?.paused ?? false}
                published={map.data ? isPublished(map.data) : false}
              />
            ) : null}
          </PageHeader>
          <JourneyTabs problems={live.data?.problems ?? 0} />
        </div>
        <Outlet />
      </div>
    </OpenDraftContext>
  );
}

const endSentence = (end: string, state: string) =>
  state === "finished" || state === "aborted"
    ? text.ended(formatDate(end))
    : text.ends(formatDate(end));

function LiveMark({ stream }: { stream: "opening" | "open" | "down" }) {
  if (stream === "opening") return null;
  return (
    <span className={classes.liveMark} data-streaming={stream === "open" || undefined}>
      {stream === "open" ? text.live : text.polling}
    </span>
  );
}

/** Tabs that are addresses: `/journeys/KEY` is the map. */
function JourneyTabs({ problems }: { problems: number }) {
  const navigate = useNavigate();
  const { key } = useParams({ from: "/inside/journeys/$key" });
  const path = useRouterState({ select: (state) => state.location.pathname });
  const current = TABS.find((tab) => path.endsWith(`/${tab}`)) ?? "map";
  const go = (tab: string | null) =>
    navigate({
      to: tab === "map" ? "/journeys/$key" : `/journeys/$key/${tab}`,
      params: { key },
    } as never);
  return (
    <Tabs value={current} onChange={go} className={classes.tabs}>
      <Tabs.List aria-label={text.tabs.map}>
        {TABS.map((tab) => (
          <Tabs.Tab key={tab} value={tab}>
            {text.tabs[tab]}
            {tab === "problems" && problems > 0 ? (
              <Text span inherit className={classes.problemCount}>
                {problems}
              </Text>
            ) : null}
          </Tabs.Tab>
        ))}
      </Tabs.List>
    </Tabs>
  );
}
