// Opens a journey's draft for editing: loads it with its revision, and keeps one store as long as it is open.
import { Skeleton } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { catalogueQuery, loadDefinition, putDefinition } from "../api/queries";
import type { JourneyState } from "../api/types";
import map from "../map/map.module.css";
import { ErrorNotice } from "../shell/ErrorNotice";
import { DraftStore, type Port, type Stored } from "./draft";
import { Editor } from "./Editor";
import { isRecord, type Manifest, type NodeBody } from "./manifest";
import { useOpenDraft } from "./openDraft";

const KIND = "journeys";
const LOOK_MS = 10_000;

export type EditorTabProps = { journey: string; state: JourneyState; liveVersion: number };

export function EditorTab({ journey, state, liveVersion }: EditorTabProps) {
  const catalogue = useQuery(catalogueQuery);
  const first = useQuery({
    queryKey: ["journey", journey, "draft"],
    queryFn: () => load(journey),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const error = catalogue.error ?? first.error;
  if (error) return <ErrorNotice error={error} onRetry={first.refetch} />;
  if (!catalogue.data || !first.data) return <Skeleton className={map.loading} radius={0} />;
  return (
    <OpenEditor
      journey={journey}
      state={state}
      liveVersion={liveVersion}
      catalogue={catalogue.data}
      stored={first.data}
    />
  );
}

type OpenProps = EditorTabProps & {
  catalogue: Parameters<typeof Editor>[0]["catalogue"];
  stored: Stored;
};

function OpenEditor({ journey, state, liveVersion, catalogue, stored }: OpenProps) {
  const cache = useQueryClient();
  const [draft] = useState(() => new DraftStore(stored, portOf(journey)));
  const open = useOpenDraft();
  useEffect(() => {
    open.current = draft;
    const looking = setInterval(() => void draft.look(), LOOK_MS);
    const focus = () => void draft.look();
    const leave = (event: BeforeUnloadEvent) => {
      if (draft.unsaved()) event.preventDefault();
    };
    window.addEventListener("focus", focus);
    window.addEventListener("beforeunload", leave);
    return () => {
      clearInterval(looking);
      window.removeEventListener("focus", focus);
      window.removeEventListener("beforeunload", leave);
      if (open.current === draft) open.current = undefined;
      // Whatever opens next may have read the draft as it was before the last change.
      void draft.flush().then(() => cache.invalidateQueries({ queryKey: ["journey", journey] }));
    };
  }, [draft, open, cache, journey]);
  return (
    <Editor
      journey={journey}
      state={state}
      liveVersion={liveVersion}
      catalogue={catalogue}
      draft={draft}
    />
  );
}

function portOf(journey: string): Port {
  return {
    load: () => load(journey),
    save: async (manifest, revision) =>
      stored(await putDefinition(KIND, journey, manifest, { revision, incomplete: true })),
  };
}

const load = async (journey: string) => stored(await loadDefinition(KIND, journey));

const stored = ({
  body,
  revision,
}: {
  body: Record<string, unknown>;
  revision: string;
}): Stored => ({
  manifest: {
    ...body,
    key: String(body.key),
    subject: body.subject === "person" ? "person" : "account",
    nodes: (isRecord(body.nodes) ? body.nodes : {}) as Record<string, NodeBody>,
  } as Manifest,
  revision,
});
