// The draft that is open for editing, so that the header can save it before it publishes it.
import { createContext, useContext } from "react";
import type { DraftStore } from "./draft";

export type OpenDraft = { current: DraftStore | undefined };

export const OpenDraftContext = createContext<OpenDraft>({ current: undefined });
export const useOpenDraft = () => useContext(OpenDraftContext);
