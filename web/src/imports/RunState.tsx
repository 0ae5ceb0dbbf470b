import type { ImportRun } from "../api/types";
import { isRecord } from "../editor/manifest";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";

const text = strings.imports.schedule;
const DOTS: Record<string, string> = { running: "scheduled", done: "good", failed: "bad" };

export const rejectedOf = (run: ImportRun): number =>
  isRecord(run.report) && typeof run.report.rejected === "number" ? run.report.rejected : 0;

/** What became of a file, as a dot and a word; one whose rows were not all taken is told apart. */
export function RunState({ run }: { run: ImportRun }) {
  const partly = run.state === "done" && rejectedOf(run) > 0;
  return (
    <span className={classes.state}>
      <span
        className={classes.dot}
        data-state={partly ? "warning" : (DOTS[run.state] ?? "")}
        aria-hidden
      />
      {partly ? text.states.partly : (text.states[run.state] ?? run.state)}
    </span>
  );
}
