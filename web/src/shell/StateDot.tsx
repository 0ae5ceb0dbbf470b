import { Text } from "@mantine/core";
import type { JourneyState } from "../api/types";
import { strings } from "../strings";
import classes from "./shell.module.css";

type Shown = JourneyState | "paused";

/** A journey's state as a coloured dot and its word; the word carries the meaning. */
export function StateDot({ state, paused }: { state: JourneyState; paused?: boolean | null }) {
  const shown: Shown = paused && state !== "aborted" && state !== "finished" ? "paused" : state;
  return (
    <span className={classes.state}>
      <span className={classes.dot} data-state={shown} aria-hidden />
      <Text span inherit>
        {strings.states[shown]}
      </Text>
    </span>
  );
}
