// What everything inside one open editor shares. Its identity stays the same as long as the editor is open.
import { createContext, useContext, useSyncExternalStore } from "react";
import type { Catalogue } from "../api/types";
import type { Change } from "./changes";
import type { DraftStore } from "./draft";
import type { Manifest } from "./manifest";

export type EditorScene = {
  draft: DraftStore;
  catalogue: Catalogue;
  /** Makes a change, selects what it says, or tells why it may not be done. */
  apply: (change: (manifest: Manifest) => Change) => void;
  /** Sets something that is being typed; `stroke` groups what is undone together. */
  set: (change: (manifest: Manifest) => Manifest, stroke: string) => void;
  select: (id: string | undefined) => void;
};

export const EditorContext = createContext<EditorScene | null>(null);

/** The editor around this, if there is one: the map is also drawn without. */
export const useMaybeEditor = () => useContext(EditorContext);

export function useEditor(): EditorScene {
  const scene = useContext(EditorContext);
  if (!scene) throw new Error("this stands outside an editor");
  return scene;
}

export function useDraft(draft: DraftStore) {
  return useSyncExternalStore(draft.subscribe, draft.get);
}
