import { Group, Paper, Title } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./shell.module.css";

/** A titled surface on a page. */
export function Card({
  title,
  aside,
  children,
}: {
  title?: string;
  aside?: ReactNode;
  children: ReactNode;
}) {
  return (
    <Paper component="section" className={classes.card} aria-label={title}>
      {title ? (
        <Group justify="space-between" className={classes.cardHead}>
          <Title order={2}>{title}</Title>
          {aside}
        </Group>
      ) : null}
      {children}
    </Paper>
  );
}
