// Two versions on one map: what came, what changed and what went, with the chosen node's fields before and after.
import { Skeleton, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { versionManifestQuery, versionMapQuery } from "../api/drafts";
import type { JourneyMap } from "../api/types";
import { DifferenceList } from "../editor/DifferenceList";
import { differences } from "../editor/differences";
import type { Manifest } from "../editor/manifest";
import { Canvas } from "../map/Canvas";
import { layoutGraph } from "../map/layout";
import { type MapScene, SceneContext } from "../map/live";
import { useDirection, useOpenedBoxes } from "../map/look";
import map from "../map/map.module.css";
import { MarksContext } from "../map/marks";
import { sizeOf } from "../map/size";
import { ErrorNotice } from "../shell/ErrorNotice";
import { strings } from "../strings";
import { compared } from "./compare";
import classes from "./history.module.css";

const text = strings.history;

type Props = { journey: string; from: string; to: string };

export function ComparedMap({ journey, from, to }: Props) {
  const before = useVersion(journey, from);
  const after = useVersion(journey, to);
  const error = before.error ?? after.error;
  if (error) return <ErrorNotice error={error} />;
  if (!before.manifest || !before.map || !after.manifest || !after.map)
    return <Skeleton m="lg" height={320} />;
  return (
    <Drawn
      journey={journey}
      before={{ manifest: before.manifest, map: before.map }}
      after={{ manifest: after.manifest, map: after.map }}
    />
  );
}

function useVersion(journey: string, version: string) {
  const manifest = useQuery(versionManifestQuery(journey, version));
  const drawn = useQuery(versionMapQuery(journey, version));
  return {
    manifest: manifest.data as Manifest | undefined,
    map: drawn.data,
    error: manifest.error ?? drawn.error,
  };
}

type Version = { manifest: Manifest; map: JourneyMap };

function Drawn({ journey, before, after }: { journey: string; before: Version; after: Version }) {
  const { direction, turn } = useDirection();
  const { opened, toggleBox } = useOpenedBoxes();
  const [selected, setSelected] = useState<string>();
  const found = useMemo(
    () => differences(before.manifest, after.manifest),
    [before.manifest, after.manifest],
  );
  const whole = useMemo(
    () => compared(before.map, after.map, found),
    [before.map, after.map, found],
  );
  const open = useCallback(
    (node: string | undefined) => setSelected((now) => (now === node ? undefined : node)),
    [],
  );
  const { subject } = after.map;
  const scene = useMemo(
    (): MapScene => ({ journey, subject, published: false, open, toggleBox }),
    [journey, subject, open, toggleBox],
  );
  const drawing = useMemo(
    () =>
      layoutGraph(
        whole.items,
        whole.links,
        (item) => sizeOf(item, false, opened.has(item.id)),
        direction,
      ),
    [whole, opened, direction],
  );
  return (
    <SceneContext value={scene}>
      <MarksContext value={whole.marks}>
        <div className={map.tab}>
          <Canvas
            journey={`${journey} compared`}
            drawing={drawing}
            opened={opened}
            selected={selected}
            onTurn={turn}
          />
          <aside className={map.panel} aria-label={text.differences}>
            <div className={map.panelHead}>
              <Title order={2}>{text.differences}</Title>
              <Text size="xs" c="dimmed">
                {text.count(found.length)}
              </Text>
            </div>
            <div className={map.panelSection}>
              <Legend />
              <DifferenceList
                differences={found}
                titles={whole.titles}
                empty={text.same}
                chosen={selected}
                onChoose={setSelected}
              />
            </div>
          </aside>
        </div>
      </MarksContext>
    </SceneContext>
  );
}

function Legend() {
  return (
    <ul className={classes.legend} aria-label={text.legend}>
      {(["added", "changed", "removed"] as const).map((mark) => (
        <li key={mark} data-mark={mark}>
          {text.marks[mark]}
        </li>
      ))}
    </ul>
  );
}
