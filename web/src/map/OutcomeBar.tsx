// Done, skipped, failed as a thin stacked bar; it opens the numbers and their reasons.
import { Popover, UnstyledButton } from "@mantine/core";
import type { Outcomes } from "../api/types";
import { strings } from "../strings";
import { executions, outcomeRows } from "./counts";
import classes from "./map.module.css";
import { OutcomeTable } from "./OutcomeTable";

export function OutcomeBar({
  title,
  outcomes,
}: {
  title: string;
  outcomes: Outcomes | null | undefined;
}) {
  const rows = outcomes ? outcomeRows(outcomes) : [];
  const all = executions(rows);
  return (
    <Popover position="bottom" width={280} shadow="md" withinPortal disabled={all === 0}>
      <Popover.Target>
        <UnstyledButton
          className={`${classes.bar} nodrag nopan`}
          aria-label={strings.map.reasons(title)}
          disabled={all === 0}
        >
          {rows.map((row) => (
            <span key={row.kind} data-outcome={row.kind} style={{ flexGrow: row.count / all }} />
          ))}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label={strings.map.reasons(title)}>
        <OutcomeTable rows={rows} />
      </Popover.Dropdown>
    </Popover>
  );
}
