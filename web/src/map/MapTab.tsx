// The journey map of one journey: canvas left, the chosen node's panel right.
import { Skeleton } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Route } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import { mapQuery } from "../api/queries";
import type { JourneyMap } from "../api/types";
import { EmptyState } from "../shell/EmptyState";
import { ErrorNotice } from "../shell/ErrorNotice";
import { strings } from "../strings";
import { Canvas } from "./Canvas";
import { graphOf, isPublished } from "./graph";
import { type Direction, layoutGraph } from "./layout";
import { type MapScene, SceneContext } from "./live";
import classes from "./map.module.css";
import { NodePanel } from "./NodePanel";
import { sizeOf } from "./size";

export function MapTab() {
  const { key } = useParams({ from: "/inside/journeys/$key" });
  const { data: map, error, refetch } = useQuery(mapQuery(key));
  if (error) return <ErrorNotice error={error} onRetry={refetch} />;
  if (!map) return <Skeleton className={classes.loading} radius={0} />;
  if (map.nodes.length === 0) {
    return <EmptyState icon={Route} title={strings.map.empty} hint={strings.map.emptyHint} />;
  }
  return <LoadedMap map={map} />;
}

function LoadedMap({ map }: { map: JourneyMap }) {
  const navigate = useNavigate({ from: "/journeys/$key" });
  const { node: selected } = useSearch({ strict: false }) as { node?: string };
  const [direction, setDirection] = useLocalStorage<Direction>({
    key: "caravan.map.direction",
    defaultValue: "horizontal",
    getInitialValueInEffect: false,
  });
  const [opened, setOpened] = useState<Set<string>>(new Set());
  const published = isPublished(map);

  const open = useCallback(
    (node: string | undefined) => navigate({ to: ".", search: { node } as never, replace: true }),
    [navigate],
  );
  const toggleBox = useCallback((node: string) => setOpened((now) => toggled(now, node)), []);
  const scene = useMemo(
    (): MapScene => ({ journey: map.key, subject: map.subject, published, open, toggleBox }),
    [map.key, map.subject, published, open, toggleBox],
  );
  const drawing = useMemo(() => {
    const { items, links } = graphOf(map);
    return layoutGraph(
      items,
      links,
      (item) => sizeOf(item, published, opened.has(item.id)),
      direction,
    );
  }, [map, published, opened, direction]);

  return (
    <SceneContext value={scene}>
      <div className={classes.tab}>
        <Canvas
          journey={map.key}
          drawing={drawing}
          opened={opened}
          selected={selected}
          onTurn={() => setDirection(direction === "horizontal" ? "vertical" : "horizontal")}
        />
        {selected ? (
          <NodePanel key={selected} map={map} id={selected} onClose={() => open(undefined)} />
        ) : null}
      </div>
    </SceneContext>
  );
}

function toggled(set: Set<string>, member: string): Set<string> {
  const next = new Set(set);
  if (!next.delete(member)) next.add(member);
  return next;
}
