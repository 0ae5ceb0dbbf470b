// The journey map of one journey: canvas left, the chosen node's panel right.
import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Route } from "lucide-react";
import { lazy, Suspense, useCallback, useMemo } from "react";
import { mapQuery } from "../api/queries";
import type { JourneyMap } from "../api/types";
import { EmptyState } from "../shell/EmptyState";
import { ErrorNotice } from "../shell/ErrorNotice";
import { strings } from "../strings";
import { Canvas } from "./Canvas";
import { boxOf, graphOf, isPublished } from "./graph";
import { layoutGraph } from "./layout";
import { type MapScene, SceneContext } from "./live";
import { useDirection, useOpenedBoxes } from "./look";
import classes from "./map.module.css";
import type { Shown } from "./shown";
import { sizeOf } from "./size";

// The panel comes with the first node that is opened.
const NodePanel = lazy(() =>
  import("./NodePanel").then((module) => ({ default: module.NodePanel })),
);
const EditorTab = lazy(() =>
  import("../editor/EditorTab").then((module) => ({ default: module.EditorTab })),
);

/** A draft opens for editing, a published journey as it runs; `?edit` opens its next version. */
export function MapTab() {
  const { key } = useParams({ from: "/inside/journeys/$key" });
  const { edit } = useSearch({ strict: false }) as { edit?: boolean };
  const { data: map, error, refetch } = useQuery(mapQuery(key));
  if (error) return <ErrorNotice error={error} onRetry={refetch} />;
  if (!map) return <Skeleton className={classes.loading} radius={0} />;
  if (!isPublished(map) || edit) {
    return (
      <Suspense fallback={<Skeleton className={classes.loading} radius={0} />}>
        <EditorTab key={key} journey={key} state={map.state} liveVersion={map.version ?? 0} />
      </Suspense>
    );
  }
  if (map.nodes.length === 0) {
    return <EmptyState icon={Route} title={strings.map.empty} hint={strings.map.emptyHint} />;
  }
  return <LoadedMap map={map} />;
}

function LoadedMap({ map }: { map: JourneyMap }) {
  const navigate = useNavigate({ from: "/journeys/$key" });
  const {
    node: selected,
    show,
    path,
    outcome,
    reason,
  } = useSearch({ strict: false }) as Shown & {
    node?: string;
  };
  const { direction, turn } = useDirection();
  const { opened, toggleBox } = useOpenedBoxes(boxOf(map, selected)?.id);
  const published = isPublished(map);

  const open = useCallback(
    (node: string | undefined, _beside?: boolean, shown?: Shown) =>
      navigate({ to: ".", search: { node, ...shown } as never, replace: true }),
    [navigate],
  );
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
          onTurn={turn}
        />
        {selected ? (
          <Suspense fallback={<Skeleton className={classes.panel} radius={0} />}>
            <NodePanel
              key={selected}
              map={map}
              id={selected}
              shown={{ show, path, outcome, reason }}
              onClose={() => open(undefined)}
            />
          </Suspense>
        ) : null}
      </div>
    </SceneContext>
  );
}
