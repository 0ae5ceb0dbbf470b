import { Check, CircleAlert } from "lucide-react";
import { formatRelative } from "../shell/format";
import { useNow } from "../shell/Moment";
import { strings } from "../strings";
import type { Saving } from "./draft";

const text = strings.editor.saving;

/** Whether what one sees is what the server holds. */
export function SaveState({ saving }: { saving: Saving }) {
  const now = useNow();
  switch (saving.state) {
    case "saved":
      return (
        <>
          <Check size={14} aria-hidden />
          {saving.at === undefined
            ? text.saved
            : text.savedAgo(formatRelative(new Date(saving.at).toISOString(), now))}
        </>
      );
    case "waiting":
      return text.waiting;
    case "saving":
      return text.saving;
    case "refused":
      return (
        <span title={saving.message}>
          <CircleAlert size={14} aria-hidden /> {text.refused}: {saving.message}
        </span>
      );
    case "conflict":
      return (
        <>
          <CircleAlert size={14} aria-hidden />
          {text.conflict}
        </>
      );
  }
}
