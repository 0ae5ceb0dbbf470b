// The sum that is a group's engagement: what each member adds, and from what.
import { Alert, Group, Table, Text, UnstyledButton } from "@mantine/core";
import { ChevronDown, ChevronRight } from "lucide-react";
import { Fragment, useState } from "react";
import type { ExplainedScores } from "../api/types";
import { useNames } from "../conditions/useNames";
import { formatDate, formatNumber } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { ScrollTable } from "../shell/ScrollTable";
import { strings } from "../strings";
import { exact, share } from "./exact";
import classes from "./groups.module.css";

const text = strings.groups.scores;
const noon = (day: string) => formatDate(`${day}T12:00:00`);
/** Less than this apart is one score, told twice. */
const SAME = 0.005;

type Sum = ExplainedScores["engagement"];
type Member = Sum["members"][number];

export function EngagementTerms({ sum }: { sum: Sum }) {
  const [opened, setOpened] = useState<string>();
  const changed =
    sum.scaled != null && sum.score != null && Math.abs(sum.scaled - sum.score) > SAME;
  return (
    <>
      <Text size="sm" c="dimmed" mb="sm">
        {text.engagementSum}
      </Text>
      <RunWords run={sum.run} />
      {changed ? (
        <Alert color="yellow" variant="light" my="xs">
          {text.stale}
        </Alert>
      ) : null}
      {sum.members.length === 0 ? (
        <Text c="dimmed">{text.nobody}</Text>
      ) : (
        <ScrollTable label={text.engagement} className={classes.terms}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{text.columns.person}</Table.Th>
              <Table.Th data-numeric>{text.columns.own}</Table.Th>
              <Table.Th data-numeric>{text.columns.share}</Table.Th>
              <Table.Th data-numeric>{text.columns.adds}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {sum.members.map((member) => (
              <MemberRows
                key={member.person}
                member={member}
                open={opened === member.person}
                onToggle={() =>
                  setOpened((now) => (now === member.person ? undefined : member.person))
                }
              />
            ))}
          </Table.Tbody>
          <Table.Tfoot>
            <Table.Tr>
              <Table.Th colSpan={3} scope="row">
                {text.sum}
              </Table.Th>
              <Table.Td data-numeric>{exact(sum.raw)}</Table.Td>
            </Table.Tr>
            <Table.Tr>
              <Table.Th colSpan={3} scope="row">
                {text.score}
              </Table.Th>
              <Table.Td data-numeric data-term="engagement">
                {exact(sum.score)}
              </Table.Td>
            </Table.Tr>
          </Table.Tfoot>
        </ScrollTable>
      )}
    </>
  );
}

function RunWords({ run }: { run: Sum["run"] }) {
  if (!run)
    return (
      <Text size="sm" mb="sm">
        {text.notRun}
      </Text>
    );
  return (
    <Text size="sm" mb="sm">
      {text.run(noon(run.day), noon(run.first_day), run.model ?? text.usualModel)}{" "}
      {text.largest(exact(run.largest_group), run.most_per_day)}
    </Text>
  );
}

type MemberProps = { member: Member; open: boolean; onToggle: () => void };

function MemberRows({ member, open, onToggle }: MemberProps) {
  const name = member.name ?? member.person;
  const Chevron = open ? ChevronDown : ChevronRight;
  return (
    <Fragment>
      <Table.Tr>
        <Table.Td>
          <Group gap={0} wrap="nowrap" align="flex-start">
            <UnstyledButton
              className={classes.opener}
              aria-expanded={open}
              aria-label={text.open(name)}
              onClick={onToggle}
            >
              <Chevron size={14} aria-hidden />
            </UnstyledButton>
            <div>
              <LinkTo to={at("/people", member.person)}>{name}</LinkTo>
              <Text size="xs" c="dimmed">
                {member.role}
              </Text>
            </div>
          </Group>
        </Table.Td>
        <Table.Td data-numeric>{exact(member.score)}</Table.Td>
        <Table.Td data-numeric>{share(member.share)}</Table.Td>
        <Table.Td data-numeric>{exact(member.adds)}</Table.Td>
      </Table.Tr>
      {open ? (
        <Table.Tr>
          <Table.Td colSpan={4} className={classes.within}>
            <Deeds member={member} />
          </Table.Td>
        </Table.Tr>
      ) : null}
    </Fragment>
  );
}

/** What a member did, by type: how much of it counts, and what that weighs. */
function Deeds({ member }: { member: Member }) {
  const names = useNames(undefined);
  if (member.activities.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {text.nothingDone}
      </Text>
    );
  return (
    <ScrollTable label={text.open(member.name ?? member.person)} className={classes.terms}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{text.columns.activity}</Table.Th>
          <Table.Th>{text.columns.lastDay}</Table.Th>
          <Table.Th data-numeric>{text.columns.counted}</Table.Th>
          <Table.Th data-numeric>{text.columns.weight}</Table.Th>
          <Table.Th data-numeric>{text.columns.adds}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {member.activities.map((deed) => {
          const times = deed.days.reduce((sum, day) => sum + day.times, 0);
          const last = deed.days
            .map(({ day }) => day)
            .sort()
            .at(-1);
          return (
            <Table.Tr key={deed.type}>
              <Table.Td>{names.event(deed.type)}</Table.Td>
              <Table.Td>{last ? noon(last) : strings.list.none}</Table.Td>
              <Table.Td data-numeric>
                {times === deed.counted ? formatNumber(times) : text.over(times, deed.counted)}
              </Table.Td>
              <Table.Td data-numeric>{exact(deed.weight)}</Table.Td>
              <Table.Td data-numeric>{exact(deed.adds)}</Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
      <Table.Tfoot>
        <Table.Tr>
          <Table.Th colSpan={4} scope="row">
            {text.sum}
          </Table.Th>
          <Table.Td data-numeric>{exact(member.raw)}</Table.Td>
        </Table.Tr>
      </Table.Tfoot>
    </ScrollTable>
  );
}
