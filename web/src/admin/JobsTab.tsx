// Work that runs by itself: what waits, when each job is due, what it did last, and having it done now.

import { Alert, Button, Skeleton, Table, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { groupJobsQuery, jobsQuery, runGroupJob, runJob } from "../api/admin";
import type { BackgroundJob, GroupJob } from "../api/types";
import { NamedLink } from "../definitions/NamedLink";
import { isRecord } from "../editor/manifest";
import { Card } from "../shell/Card";
import { ErrorNotice } from "../shell/ErrorNotice";
import { Facts } from "../shell/Facts";
import { formatNumber, formatValue, humanise } from "../shell/format";
import { Moment } from "../shell/Moment";
import { prose } from "../shell/Prose";
import { ScrollTable } from "../shell/ScrollTable";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";

const text = strings.admin.jobs;

export function JobsTab() {
  const { data, error, refetch } = useQuery(jobsQuery);
  if (error) return <ErrorNotice error={error} onRetry={refetch} />;
  if (!data) return <Skeleton height={320} />;
  const { inbox, travellers_due, outbox } = data.queues;
  return (
    <div className={classes.stack}>
      <Text size="sm" c="dimmed">
        {text.lead}
      </Text>
      <div className={classes.tableFrame}>
        <ScrollTable label={strings.admin.tabs.jobs} miw={620}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{text.columns.job}</Table.Th>
              <Table.Th>{text.columns.due}</Table.Th>
              <Table.Th>{text.columns.last}</Table.Th>
              <Table.Td />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.items.map((job) => (
              <JobRow key={`${job.name} ${job.part ?? ""}`} job={job} />
            ))}
          </Table.Tbody>
        </ScrollTable>
      </div>
      <Card title={text.queues}>
        <Facts
          facts={[
            { label: text.inbox, value: formatNumber(inbox) },
            { label: text.travellers, value: formatNumber(travellers_due) },
            { label: text.outbox, value: formatNumber(outbox) },
          ]}
        />
      </Card>
      <GroupJobs />
    </div>
  );
}

function JobRow({ job }: { job: BackgroundJob }) {
  const run = useRun(() => runJob(job.name), jobsQuery.queryKey);
  return (
    <Table.Tr>
      <Table.Td>
        <Text inherit fw={600}>
          {job.title}
          {job.part ? ` · ${job.part}` : ""}
        </Text>
        <Text size="xs" c="dimmed" maw={460}>
          {prose(job.about)}
        </Text>
        {job.problem ? (
          <Alert color="red" variant="light" p="xs" mt={6}>
            {prose(job.problem)}
          </Alert>
        ) : null}
      </Table.Td>
      <Table.Td>{job.due_at ? <Moment at={job.due_at} /> : text.soon}</Table.Td>
      <Table.Td>
        <LastRun last={job.last} />
      </Table.Td>
      <Table.Td ta="right">
        <Button
          size="xs"
          variant="default"
          aria-label={text.runNamed(job.title)}
          loading={run.isPending}
          onClick={() => run.mutate()}
        >
          {text.now}
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}

/** When it ended and what it counted. */
function LastRun({ last }: { last: unknown }) {
  if (!isRecord(last)) return strings.list.none;
  const { ended_at, ...counts } = last;
  return (
    <>
      {typeof ended_at === "string" ? <Moment at={ended_at} /> : null}
      <Text size="xs" c="dimmed">
        {prose(
          Object.entries(counts)
            .map(([name, n]) => `${humanise(name)}: ${formatValue(n)}`)
            .join(" · "),
        )}
      </Text>
    </>
  );
}

function useRun(work: () => Promise<unknown>, queryKey: readonly unknown[]) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: work,
    onSuccess: async () => {
      notifications.show({ message: text.asked });
      await cache.invalidateQueries({ queryKey });
    },
    onError: (error) => notifications.show({ color: "red", message: error.message }),
  });
}

function GroupJobs() {
  const { data } = useQuery(groupJobsQuery);
  const columns = text.groupColumns;
  return (
    <Card title={text.groups}>
      {data?.items.length === 0 ? <Text c="dimmed">{text.groupsEmpty}</Text> : null}
      {data && data.items.length > 0 ? (
        <ScrollTable label={text.groups} miw={720} fz="sm" verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              {Object.entries(columns).map(([id, label]) => (
                <Table.Th key={id}>{label}</Table.Th>
              ))}
              <Table.Td />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.items.map((job) => (
              <GroupJobRow key={`${job.solution_interest} ${job.kind}`} job={job} />
            ))}
          </Table.Tbody>
        </ScrollTable>
      ) : null}
    </Card>
  );
}

function GroupJobRow({ job }: { job: GroupJob }) {
  const run = useRun(() => runGroupJob(job.solution_interest, job.kind), groupJobsQuery.queryKey);
  const kind = text.groupKinds[job.kind] ?? job.kind;
  return (
    <Table.Tr>
      <Table.Td>
        <NamedLink plural="solution_interests" of={job.solution_interest} />
      </Table.Td>
      <Table.Td>{kind}</Table.Td>
      <Table.Td>
        {text.groupStates[job.state] ?? job.state}
        {job.problem ? (
          <Text size="xs" c="red">
            {prose(job.problem)}
          </Text>
        ) : null}
      </Table.Td>
      <Table.Td>{job.last_run_at ? <Moment at={job.last_run_at} /> : strings.list.none}</Table.Td>
      <Table.Td data-numeric>{formatNumber(job.looked_at)}</Table.Td>
      <Table.Td data-numeric>{formatNumber(job.created)}</Table.Td>
      <Table.Td data-numeric>{formatNumber(job.changed)}</Table.Td>
      <Table.Td ta="right">
        <Button
          size="compact-xs"
          variant="default"
          aria-label={text.runNamed(`${kind}, ${job.solution_interest}`)}
          loading={run.isPending}
          onClick={() => run.mutate()}
        >
          {text.now}
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}
