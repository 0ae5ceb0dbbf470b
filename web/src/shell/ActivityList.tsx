// The timeline of an account or a person: activities, newest first.
import { ActionIcon, Group, Text, Tooltip } from "@mantine/core";
import { Download, Activity as Pulse } from "lucide-react";
import type { AskedExport } from "../api/exports";
import type { Activity } from "../api/types";
import { useNames } from "../conditions/useNames";
import { kindNamedBy, type Names } from "../conditions/words";
import { useExport } from "../exports/useExport";
import { strings } from "../strings";
import { Card } from "./Card";
import { MoreRows, type Rows, rowsOf } from "./DataTable";
import { EmptyState } from "./EmptyState";
import { ErrorNotice } from "./ErrorNotice";
import { formatValue, humanise } from "./format";
import { at, LinkTo } from "./LinkTo";
import { Moment } from "./Moment";
import classes from "./shell.module.css";

type Props = {
  rows: Rows<Activity>;
  /** The record whose page this is; it is not named again on every line. */
  own: string;
  /** Whose activities are exported. */
  of: { account: string } | { person: string };
};

export function ActivityList({ rows, own, of }: Props) {
  const file = useExport();
  const items = rowsOf(rows);
  const names = useNames(items.map(({ fields, journey }) => ({ ...fields, journey })));
  if (rows.error && !rows.data) return <ErrorNotice error={rows.error} onRetry={rows.refetch} />;
  if (!rows.isPending && items.length === 0) {
    return (
      <EmptyState
        icon={Pulse}
        title={strings.activities.empty}
        hint={strings.activities.emptyHint}
      />
    );
  }
  return (
    <Card>
      <Group justify="flex-end">
        <Tooltip label={strings.exports.activities}>
          <ActionIcon
            variant="default"
            aria-label={strings.exports.activities}
            loading={file.isPending}
            onClick={() => file.mutate({ of: { activities: of } } as AskedExport)}
          >
            <Download size={15} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Group>
      <ol className={classes.timeline}>
        {items.map((item) => (
          <Entry key={item.id} item={item} own={own} names={names} />
        ))}
      </ol>
      <MoreRows rows={rows} shown={items.length} />
    </Card>
  );
}

function Entry({ item, own, names }: { item: Activity; own: string; names: Names }) {
  const fields = Object.entries(item.fields ?? {}).filter(
    // The journey has a line, and a link, of its own.
    ([name, value]) => value != null && value !== "" && !(item.journey && name === "journey"),
  );
  return (
    <li className={classes.event}>
      <span className={classes.eventIcon} aria-hidden>
        <Pulse size={14} />
      </span>
      <div className={classes.eventBody}>
        <Text span inherit fw={600}>
          {item.title}
        </Text>
        {item.person && item.person.key !== own ? (
          <>
            {" · "}
            <LinkTo to={at("/people", item.person.key)}>
              {item.person.name ?? item.person.key}
            </LinkTo>
          </>
        ) : null}
        {item.account && item.account.key !== own ? (
          <>
            {" · "}
            <LinkTo to={at("/accounts", item.account.key)}>
              {item.account.name ?? item.account.key}
            </LinkTo>
          </>
        ) : null}
        <Text size="xs" c="dimmed" mt={2}>
          {fields
            .map(([name, value]) => `${humanise(name)}: ${told(name, value, names)}`)
            .join(" · ")}
        </Text>
        {item.journey ? (
          <Text size="xs" mt={2}>
            <LinkTo to={at("/journeys", item.journey)}>
              {strings.activities.inJourney(names.definition("journey", item.journey))}
            </LinkTo>
          </Text>
        ) : null}
      </div>
      <div className={classes.eventTime}>
        <Moment at={item.at} />
      </div>
    </li>
  );
}

/** A field's value: what it names by name, all else as it stands. */
const told = (field: string, value: unknown, names: Names) =>
  typeof value === "string" ? names.definition(kindNamedBy(field), value) : formatValue(value);
