// The editor of one draft: the map or its outline in the middle, what is chosen at the right.
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { draftMapQuery, findingsQuery } from "../api/queries";
import type { Catalogue, DraftFinding, JourneyState } from "../api/types";
import { Canvas } from "../map/Canvas";
import { boxOf, graphOf } from "../map/graph";
import { layoutGraph } from "../map/layout";
import { type MapScene, SceneContext } from "../map/live";
import { useDirection, useOpenedBoxes } from "../map/look";
import map from "../map/map.module.css";
import { sizeOf } from "../map/size";
import { strings } from "../strings";
import { ConflictBanner } from "./ConflictBanner";
import { type Change, removeNode, removeNodes } from "./changes";
import { copyOf, copyOfSeveral, keep, kept, paste } from "./clipboard";
import type { DraftStore } from "./draft";
import { Artist } from "./draw";
import { EditorContext, type EditorScene, useDraft } from "./EditorScene";
import { EditorTools } from "./EditorTools";
import { FindNode } from "./FindNode";
import { JourneySettings } from "./JourneySettings";
import { type Keys, keyDown } from "./keys";
import { ENTRY, type Manifest, standingOf } from "./manifest";
import { NextVersionBanner } from "./NextVersionBanner";
import { NodeEditor } from "./NodeEditor";
import { Outline } from "./Outline";
import { outletsOf } from "./outlets";
import { ProblemsPanel } from "./ProblemsPanel";
import { SeveralPanel } from "./SeveralPanel";
import { type Several, useSeveral } from "./several";
import { TitlesContext } from "./titles";

const NO_FINDINGS: DraftFinding[] = [];

type Props = {
  journey: string;
  state: JourneyState;
  liveVersion: number;
  catalogue: Catalogue;
  draft: DraftStore;
};

export type Side = "settings" | "problems" | undefined;

export function Editor({ journey, state, liveVersion, catalogue, draft }: Props) {
  const { manifest, stored } = useDraft(draft);
  const { node: selected } = useSearch({ strict: false }) as { node?: string };
  const [side, setSide] = useState<Side>();
  const [outline, setOutline] = useState(false);
  const [finding, setFinding] = useState(false);
  const { direction, turn } = useDirection();
  const select = useSelect();
  const { open, ...several } = useSeveral(selected, select);
  const { drawn, findings } = useDrawn({ journey, state, catalogue, manifest, stored });
  const { opened, toggleBox, openBox } = useOpenedBoxes(boxOf(drawn, selected)?.id);

  const editing = useMemo(
    () => sceneOf(draft, catalogue, select, openBox),
    [draft, catalogue, select, openBox],
  );
  const scene = useMemo(
    (): MapScene => ({
      journey,
      subject: manifest.subject,
      published: false,
      open,
      toggleBox,
    }),
    [journey, manifest.subject, open, toggleBox],
  );
  const drawing = useMemo(() => {
    const { items, links } = graphOf(drawn);
    return layoutGraph(
      items,
      links,
      (item) => sizeOf(item, false, opened.has(item.id), true),
      direction,
    );
  }, [drawn, opened, direction]);
  const titles = useMemo(() => titlesOf(drawn), [drawn]);
  const keys = useKeys({
    editing,
    selected,
    several,
    outline: () => setOutline((now) => !now),
    find: () => setFinding(true),
  });

  const chosen = useMemo(
    () => (selected === undefined ? several.ids : new Set([selected])),
    [selected, several.ids],
  );
  const card = selected ? cardOf(drawn, selected) : undefined;
  return (
    <EditorContext value={editing}>
      <SceneContext value={scene}>
        <TitlesContext value={titles}>
          {liveVersion > 0 ? <NextVersionBanner journey={journey} version={liveVersion} /> : null}
          <ConflictBanner draft={draft} titles={titles} />
          {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys of the controls inside, gathered in one place */}
          <div className={map.tab} onKeyDown={(event) => keyDown(event, keys.current)}>
            {outline ? (
              <Outline
                drawn={drawn}
                manifest={manifest}
                selected={chosen}
                tools={
                  <EditorTools
                    {...{ draft, findings, side, setSide, outline, setOutline, several }}
                    onFind={() => setFinding(true)}
                  />
                }
              />
            ) : (
              <Canvas
                journey={journey}
                drawing={drawing}
                opened={opened}
                selected={selected}
                several={several.ids}
                onTurn={turn}
                tools={
                  <EditorTools
                    {...{ draft, findings, side, setSide, outline, setOutline, several }}
                    onFind={() => setFinding(true)}
                  />
                }
              />
            )}
            {several.ids.size > 0 ? (
              <SeveralPanel
                ids={several.ids}
                onCopy={() => keys.current.copy(several.ids)}
                onRemove={() => keys.current.remove(several.ids)}
                onLeave={(id) => open(id, true)}
                onClose={several.clear}
              />
            ) : card && selected ? (
              <NodeEditor
                key={selected}
                manifest={manifest}
                id={selected}
                card={card}
                findings={findings}
                onClose={() => select(undefined)}
              />
            ) : side === "settings" ? (
              <JourneySettings
                manifest={manifest}
                findings={findings}
                onClose={() => setSide(undefined)}
              />
            ) : side === "problems" ? (
              <ProblemsPanel findings={findings} onClose={() => setSide(undefined)} />
            ) : null}
            {finding ? <FindNode drawn={drawn} onClose={() => setFinding(false)} /> : null}
          </div>
        </TitlesContext>
      </SceneContext>
    </EditorContext>
  );
}

function useSelect() {
  const navigate = useNavigate({ from: "/journeys/$key" });
  return useCallback(
    (node: string | undefined) =>
      void navigate({
        to: ".",
        search: ((before: Record<string, unknown>) => ({ ...before, node })) as never,
        replace: true,
      }),
    [navigate],
  );
}

/** The map of the draft and what the server says of it. Typing is never held up by drawing. */
function useDrawn({
  journey,
  state,
  catalogue,
  manifest,
  stored,
}: Pick<Props, "journey" | "state" | "catalogue"> & {
  manifest: Manifest;
  stored: { manifest: Manifest; revision: string };
}) {
  const [artist] = useState(() => new Artist(catalogue));
  const { data: served } = useQuery(draftMapQuery(journey, stored.revision));
  const { data, refetch } = useQuery(findingsQuery(journey));
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new revision may have new findings
  useEffect(() => void refetch(), [stored.revision, refetch]);
  const [taken, setTaken] = useState(0);
  useEffect(() => {
    if (!served) return;
    artist.serve({ manifest: stored.manifest, map: served });
    setTaken((n) => n + 1);
  }, [artist, served, stored.manifest]);
  const shown = useDeferredValue(manifest);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the artist draws better once it was served
  const drawn = useMemo(() => artist.draw(shown, state), [artist, shown, state, taken]);
  return { drawn, findings: data?.items ?? NO_FINDINGS };
}

function sceneOf(
  draft: DraftStore,
  catalogue: Catalogue,
  select: EditorScene["select"],
  openBox: (id: string) => void,
): EditorScene {
  return {
    draft,
    catalogue,
    select,
    set: (change, stroke) => draft.change(change(draft.get().manifest), stroke),
    apply: (change) => {
      const changed: Change = change(draft.get().manifest);
      if ("refused" in changed) {
        notifications.show({ color: "yellow", message: strings.editor.refused[changed.refused] });
        return;
      }
      draft.change(changed.manifest);
      if (changed.select === undefined) return;
      const standing = standingOf(changed.manifest, changed.select);
      if (standing?.kind === "boxed") openBox(standing.box);
      select(changed.select);
    },
  };
}

function titlesOf(drawn: ReturnType<Artist["draw"]>): Map<string, string> {
  const titles = new Map<string, string>();
  for (const node of drawn.nodes) {
    titles.set(node.id, node.title);
    for (const path of node.box ?? [])
      for (const action of path.actions) titles.set(action.id, action.title);
  }
  return titles;
}

function cardOf(drawn: ReturnType<Artist["draw"]>, id: string) {
  for (const node of drawn.nodes) {
    if (node.id === id) return node;
    for (const path of node.box ?? []) {
      const action = path.actions.find((each) => each.id === id);
      if (action) {
        const subtitle = strings.paths[path.label] ?? path.label;
        return { ...action, subtitle, family: "action" as const, subject: "person" as const };
      }
    }
  }
  return undefined;
}

type KeyHooks = {
  editing: EditorScene;
  selected: string | undefined;
  several: Several;
  outline: () => void;
  find: () => void;
};

/** What the keys do, always on the newest state. */
function useKeys({ editing, selected, several, outline, find }: KeyHooks) {
  const keys = useRef<Keys>(null as unknown as Keys);
  keys.current = {
    undo: () => editing.draft.undo(),
    redo: () => editing.draft.redo(),
    find,
    outline,
    escape: () => {
      several.clear();
      editing.select(undefined);
    },
    remove: (ids) => {
      several.clear();
      editing.select(undefined);
      const [only] = ids;
      editing.apply((now) =>
        ids.size === 1 && only !== undefined ? removeNode(now, only) : removeNodes(now, ids),
      );
    },
    copy: (ids) => {
      const { manifest } = editing.draft.get();
      const [only] = ids;
      const copied =
        ids.size === 1 && only !== undefined
          ? copyOf(manifest, only, false)
          : copyOfSeveral(manifest, ids);
      if (!copied) return;
      keep(copied);
      notifications.show({ message: strings.editor.panel.copied });
    },
    all: () => several.choose(Object.keys(editing.draft.get().manifest.nodes)),
    paste: (id) => {
      const copied = kept();
      if (!copied) return;
      editing.apply((now) => {
        const node = now.nodes[id];
        const first = node ? outletsOf(id, node, now.subject)[0] : undefined;
        return first || id === ENTRY
          ? paste(now, first?.at ?? "/entry", copied)
          : { manifest: now };
      });
    },
    go: (id) => editing.select(id),
    manifest: () => editing.draft.get().manifest,
    selected,
    several: several.ids,
  };
  return keys;
}
