import { Code, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { prose } from "./Prose";
import classes from "./shell.module.css";

type Props = {
  icon: LucideIcon;
  title: string;
  hint: string;
  command?: string;
  children?: ReactNode;
};

/** Says what belongs here and how to bring it. */
export function EmptyState({ icon: Icon, title, hint, command, children }: Props) {
  return (
    <Stack className={classes.empty} align="center" gap="xs">
      <ThemeIcon variant="light" size={48} radius="xl" aria-hidden>
        <Icon size={22} />
      </ThemeIcon>
      <Title order={2} mt="xs">
        {title}
      </Title>
      <Text c="dimmed" ta="center" maw={440}>
        {prose(hint)}
      </Text>
      {command ? <Code className={classes.command}>{command}</Code> : null}
      {children}
    </Stack>
  );
}
