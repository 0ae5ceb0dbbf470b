// What the server says of content while it is written: errors stand in the way, warnings are worth a look.
import { Badge, Button, Popover, ScrollArea, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { CircleAlert, CircleCheck } from "lucide-react";
import { contentFindingsQuery } from "../api/content";
import type { Fields } from "../editor/manifest";
import { prose } from "../shell/Prose";
import { strings } from "../strings";

const text = strings.content.email;

export function Alerts({ body }: { body: Fields }) {
  const [manifest] = useDebouncedValue(body, 500);
  const { data } = useQuery({
    ...contentFindingsQuery(manifest),
    placeholderData: keepPreviousData,
  });
  const findings = data?.items ?? [];
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const none = data !== undefined && findings.length === 0;
  const colour = errors > 0 ? "red" : "yellow";
  return (
    <Popover position="bottom-end" width={380} shadow="md" withinPortal trapFocus>
      <Popover.Target>
        <Button
          size="xs"
          variant="default"
          loading={data === undefined}
          leftSection={
            none ? (
              <CircleCheck size={14} color="var(--cv-done)" aria-hidden />
            ) : (
              <CircleAlert size={14} color={`var(--mantine-color-${colour}-6)`} aria-hidden />
            )
          }
        >
          {none ? text.noAlerts : text.alerts(findings.length)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={text.alertsTitle}>
        <Text fw={600} size="sm" mb="xs">
          {none ? text.noAlerts : text.alertsTitle}
        </Text>
        <ScrollArea.Autosize mah={320}>
          <Stack gap="sm">
            {findings.map((finding) => {
              const error = finding.severity === "error";
              return (
                <div
                  key={`${finding.code} ${finding.pointer} ${finding.line} ${prose(finding.message)}`}
                >
                  <Badge size="sm" tt="none" variant="light" color={error ? "red" : "yellow"}>
                    {error ? text.alertError : text.alertWarning}
                    {finding.line ? ` · ${text.line(finding.line)}` : ""}
                  </Badge>
                  <Text size="sm">{prose(finding.message)}</Text>
                </div>
              );
            })}
          </Stack>
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  );
}
