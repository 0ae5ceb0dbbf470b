import { ActionIcon, Group, Stack, Text, Title, Tooltip } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { ArrowLeft } from "lucide-react";
import type { ReactNode } from "react";
import { strings } from "../strings";
import { formatNumber } from "./format";
import { LinkTo } from "./LinkTo";
import classes from "./shell.module.css";

type Props = {
  title: string;
  total?: number | null;
  back?: { to: string; label: string };
  detail?: ReactNode;
  children?: ReactNode;
};

/** The head of every page: the way back, the title, a line of detail, and what can be done. */
export function PageHeader({ title, total, back, detail, children }: Props) {
  useDocumentTitle(`${title} · ${strings.app}`);
  return (
    <header className={classes.pageHeader}>
      <Group gap="sm" align="flex-start" wrap="nowrap" miw={0}>
        {back ? (
          <Tooltip label={back.label}>
            <ActionIcon
              component={LinkTo}
              to={back.to}
              variant="subtle"
              color="gray"
              size="lg"
              aria-label={back.label}
            >
              <ArrowLeft size={20} />
            </ActionIcon>
          </Tooltip>
        ) : null}
        <Stack gap={4} miw={0}>
          <Group gap={10} wrap="nowrap">
            <Title order={1} className={classes.title}>
              {title}
            </Title>
            {total == null ? null : (
              <Text span className={classes.total}>
                {formatNumber(total)}
              </Text>
            )}
          </Group>
          {detail ? <div className={classes.detail}>{detail}</div> : null}
        </Stack>
      </Group>
      {children ? (
        <Group gap="xs" wrap="nowrap" flex="none">
          {children}
        </Group>
      ) : null}
    </header>
  );
}
