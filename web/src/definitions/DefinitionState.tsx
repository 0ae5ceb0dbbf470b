import { Text } from "@mantine/core";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";

/** Whether others read it yet: a dot and its word. */
export function DefinitionState({ state }: { state: string }) {
  return (
    <span className={classes.state}>
      <span className={classes.dot} data-state={state} aria-hidden />
      <Text span inherit>
        {strings.definitions.states[state] ?? state}
      </Text>
    </span>
  );
}
