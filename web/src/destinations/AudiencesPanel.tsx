// The audiences of a destination that takes accounts: who keeps each, how it stands there, what is wrong.

import { Alert, Button, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Crosshair, RefreshCw } from "lucide-react";
import { useMay } from "../admin/useMay";
import { askAudiences, audiencesQuery } from "../api/destinations";
import { connectionTypesQuery } from "../api/systems";
import type { AudienceState } from "../api/types";
import type { PanelProps } from "../definitions/editors";
import { NamedLink } from "../definitions/NamedLink";
import { Refusal } from "../journeys/Refusal";
import { Card } from "../shell/Card";
import { momentColumn } from "../shell/columns";
import { type Column, DataTable } from "../shell/DataTable";
import { EmptyState } from "../shell/EmptyState";
import { formatNumber, humanise } from "../shell/format";
import { prose } from "../shell/Prose";
import classes from "../shell/shell.module.css";
import { wholeRows } from "../shell/useRows";
import { Verdict } from "../shell/Verdict";
import { strings } from "../strings";
import { gradeOfAudience } from "./standing";

const text = strings.destinations.audiences;

export default function AudiencesPanel({ definition, body }: PanelProps) {
  const types = useQuery(connectionTypesQuery).data?.items;
  const takes = types?.find(({ type }) => type === body.type)?.destination?.takes;
  return takes === "accounts" ? <Audiences destination={definition} /> : null;
}

function Audiences({ destination }: { destination: string }) {
  const cache = useQueryClient();
  const query = audiencesQuery(destination);
  const asked = useQuery(query);
  const mayAsk = useMay()?.("channels:write") === true;
  const ask = useMutation({
    mutationFn: () => askAudiences(destination),
    onSuccess: (now) => cache.setQueryData(query.queryKey, now),
  });
  const items = asked.data?.items;
  const small = items?.find(({ below_minimum }) => below_minimum);
  return (
    <Card
      title={text.title}
      aside={
        mayAsk ? (
          <Button
            size="xs"
            variant="default"
            leftSection={<RefreshCw size={14} aria-hidden />}
            loading={ask.isPending}
            onClick={() => ask.mutate()}
          >
            {text.refresh}
          </Button>
        ) : null
      }
    >
      <div className={classes.stack}>
        {ask.error ? <Refusal error={ask.error} /> : null}
        {small ? (
          <Alert color="yellow" variant="light" role="status">
            {text.below(small.minimum_size)}
          </Alert>
        ) : null}
        <DataTable
          label={text.title}
          rows={wholeRows(asked, items)}
          columns={COLUMNS}
          rowKey={({ name }) => name}
          empty={<EmptyState icon={Crosshair} title={text.none} hint={text.noneHint} />}
        />
      </div>
    </Card>
  );
}

/** An audience of a destination as a data flow's own page shows it too. */
export function StateThere({ audience }: { audience: AudienceState }) {
  const { status, usable, note, problem } = audience;
  const use = usable == null ? undefined : usable ? text.usable : text.unusable;
  return (
    <div style={{ maxWidth: 340 }}>
      <Verdict
        grade={gradeOfAudience(audience)}
        word={status ? humanise(status.toLowerCase()) : text.notAsked}
      />
      {(problem ? [problem] : [note ?? use]).map((line) =>
        line ? (
          <Text key={line} size="xs" c="dimmed">
            {prose(line)}
          </Text>
        ) : null,
      )}
    </div>
  );
}

export function MembersReached({ audience }: { audience: AudienceState }) {
  return (
    <>
      {formatNumber(audience.audience_size)}
      {audience.below_minimum ? (
        <Text size="xs" c="dimmed">
          {text.minimum(audience.minimum_size)}
        </Text>
      ) : null}
    </>
  );
}

const COLUMNS: Column<AudienceState>[] = [
  {
    id: "name",
    label: text.columns.name,
    fixed: true,
    value: (row) => row.name,
    cell: (row) => (
      <Text inherit fw={600}>
        {row.name}
      </Text>
    ),
  },
  {
    id: "kept",
    label: text.columns.kept,
    value: (row) => row.data_flow ?? "",
    cell: ({ data_flow }) =>
      data_flow ? <NamedLink plural="data_flows" of={data_flow} /> : text.journeys,
  },
  {
    id: "state",
    label: text.columns.state,
    value: (row) => row.status,
    cell: (row) => <StateThere audience={row} />,
  },
  numberColumn("accounts", text.columns.accounts, (row) => row.accounts),
  numberColumn("waiting", text.columns.waiting, (row) => row.waiting),
  numberColumn("refused", text.columns.refused, (row) => row.refused),
  {
    id: "size",
    label: text.columns.size,
    numeric: true,
    value: (row) => row.audience_size,
    cell: (row) => <MembersReached audience={row} />,
  },
  momentColumn("asked", text.columns.asked, (row) => row.looked_at, text.notAsked),
];

function numberColumn(
  id: string,
  label: string,
  of: (row: AudienceState) => number,
): Column<AudienceState> {
  return { id, label, numeric: true, value: of, cell: (row) => formatNumber(of(row)) };
}
