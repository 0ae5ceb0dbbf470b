// Undo, redo, outline, search, settings, problems, and whether everything is saved.
import { Button, Text } from "@mantine/core";
import {
  BoxSelect,
  CircleAlert,
  ListTree,
  Map as MapIcon,
  Redo2,
  Search,
  Settings2,
  Undo2,
} from "lucide-react";
import type { DraftFinding } from "../api/types";
import map from "../map/map.module.css";
import { Tool } from "../map/Toolbar";
import { strings } from "../strings";
import type { DraftStore } from "./draft";
import type { Side } from "./Editor";
import { useDraft, useEditor } from "./EditorScene";
import classes from "./editor.module.css";
import { SaveState } from "./SaveState";
import type { Several } from "./several";

const text = strings.editor.tools;

type Props = {
  draft: DraftStore;
  findings: DraftFinding[];
  side: Side;
  setSide: (side: Side) => void;
  outline: boolean;
  setOutline: (outline: boolean) => void;
  several: Several;
  onFind: () => void;
};

export function EditorTools({
  draft,
  findings,
  side,
  setSide,
  outline,
  setOutline,
  several,
  onFind,
}: Props) {
  const { canUndo, canRedo, saving } = useDraft(draft);
  const { select } = useEditor();
  const errors = findings.filter((finding) => finding.severity === "error").length;
  const show = (next: Side) => {
    select(undefined);
    setSide(side === next ? undefined : next);
  };
  return (
    <div className={map.toolbar} role="toolbar" aria-label={strings.map.toolbar}>
      <Tool label={text.undo} icon={Undo2} disabled={!canUndo} onClick={() => draft.undo()} />
      <Tool label={text.redo} icon={Redo2} disabled={!canRedo} onClick={() => draft.redo()} />
      <Tool label={text.search} icon={Search} onClick={onFind} />
      <Tool
        label={strings.editor.several.pick}
        icon={BoxSelect}
        pressed={several.picking}
        onClick={() => (several.picking ? several.clear() : several.setPicking(true))}
      />
      <Tool
        label={outline ? text.map : text.outline}
        icon={outline ? MapIcon : ListTree}
        onClick={() => setOutline(!outline)}
      />
      <Tool
        label={text.settings}
        icon={Settings2}
        pressed={side === "settings"}
        onClick={() => show("settings")}
      />
      <Button
        size="compact-sm"
        variant={side === "problems" ? "light" : "subtle"}
        color={errors > 0 ? "red" : "gray"}
        className={classes.problemsButton}
        leftSection={<CircleAlert size={15} aria-hidden />}
        aria-pressed={side === "problems"}
        onClick={() => show("problems")}
      >
        {findings.length === 0 ? text.noProblems : text.problems(findings.length)}
      </Button>
      <Text span className={classes.saving} data-state={saving.state} role="status">
        <SaveState saving={saving} />
      </Text>
    </div>
  );
}
