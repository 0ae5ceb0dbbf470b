import { Text } from "@mantine/core";
import classes from "./shell.module.css";

export type Grade = "good" | "warning" | "bad" | "none";

/** How something is, in a word beside a dot. */
export function Verdict({ grade, word }: { grade: Grade; word: string }) {
  return (
    <span className={classes.state}>
      <span className={classes.dot} data-state={grade} aria-hidden />
      <Text span size="sm">
        {word}
      </Text>
    </span>
  );
}
