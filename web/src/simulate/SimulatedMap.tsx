// The journey's own map with the counts of a simulation on it.
import { useCallback, useMemo, useState } from "react";
import type { JourneyMap } from "../api/types";
import { Canvas } from "../map/Canvas";
import { graphOf } from "../map/graph";
import { layoutGraph } from "../map/layout";
import { type MapScene, SceneContext } from "../map/live";
import { useDirection, useOpenedBoxes } from "../map/look";
import { sizeOf } from "../map/size";

export function SimulatedMap({ map, journey }: { map: JourneyMap; journey: string }) {
  const { direction, turn } = useDirection();
  const { opened, toggleBox } = useOpenedBoxes();
  const [selected, setSelected] = useState<string>();
  const open = useCallback(
    (node: string | undefined) => setSelected((now) => (now === node ? undefined : node)),
    [],
  );
  const scene = useMemo(
    (): MapScene => ({ journey, subject: map.subject, published: true, open, toggleBox }),
    [journey, map.subject, open, toggleBox],
  );
  const drawing = useMemo(() => {
    const { items, links } = graphOf(map);
    return layoutGraph(items, links, (item) => sizeOf(item, true, opened.has(item.id)), direction);
  }, [map, opened, direction]);
  return (
    <SceneContext value={scene}>
      <Canvas
        journey={journey}
        drawing={drawing}
        opened={opened}
        selected={selected}
        onTurn={turn}
      />
    </SceneContext>
  );
}
