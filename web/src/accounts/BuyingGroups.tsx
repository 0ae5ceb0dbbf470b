import { Badge, Skeleton, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { UsersRound } from "lucide-react";
import { buyingGroupsQuery } from "../api/queries";
import type { BuyingGroup } from "../api/types";
import { Score } from "../groups/Score";
import { Card } from "../shell/Card";
import { EmptyState } from "../shell/EmptyState";
import { ErrorNotice } from "../shell/ErrorNotice";
import { Facts } from "../shell/Facts";
import { humanise } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { ScrollTable } from "../shell/ScrollTable";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";
import { Coverage } from "./Coverage";

const text = strings.accounts;

/** The account's buying groups, each with how complete it is and who fills which role. */
export function BuyingGroups({ accountKey }: { accountKey: string }) {
  const { data, error, refetch } = useQuery(buyingGroupsQuery(accountKey));
  if (error) return <ErrorNotice error={error} onRetry={refetch} />;
  if (!data) return <Skeleton height={200} />;
  if (data.items.length === 0) {
    return <EmptyState icon={UsersRound} title={text.noGroups} hint={text.noGroupsHint} />;
  }
  return (
    <div className={classes.stack}>
      <Coverage accountKey={accountKey} groups={data.items} />
      {data.items.map((group) => (
        <GroupCard key={group.solution_interest} group={group} />
      ))}
    </div>
  );
}

function GroupCard({ group }: { group: BuyingGroup }) {
  const name = group.name ?? group.solution_interest;
  return (
    <Card title={name} aside={<LinkTo to={at("/groups", group.id)}>{text.openGroup}</LinkTo>}>
      <div className={classes.columns}>
        <Facts
          facts={[
            {
              label: text.completeness,
              value: <Score of={`${text.completeness}: ${name}`} percent={group.completeness} />,
            },
            {
              label: text.engagement,
              value: <Score of={`${text.engagement}: ${name}`} percent={group.engagement} />,
            },
            { label: text.stage, value: group.stage ?? strings.list.none },
            { label: text.status, value: group.status ?? strings.list.none },
          ]}
        />
        <Members group={group} />
      </div>
    </Card>
  );
}

function Members({ group }: { group: BuyingGroup }) {
  if (group.members.length === 0) return <Text c="dimmed">{text.noMembers}</Text>;
  return (
    <ScrollTable verticalSpacing={6} horizontalSpacing="xs" fz="sm" label={text.members}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{text.memberColumns.person}</Table.Th>
          <Table.Th>{text.memberColumns.role}</Table.Th>
          <Table.Th>{text.memberColumns.source}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {group.members.map((member) => (
          <Table.Tr key={`${member.person} ${member.role}`}>
            <Table.Td>
              <LinkTo to={at("/people", member.person)}>{member.name ?? member.person}</LinkTo>
              {member.left_account ? (
                <Badge ml={8} size="sm" variant="light" color="gray" tt="none">
                  {strings.groups.member.leftAccount}
                </Badge>
              ) : null}
            </Table.Td>
            <Table.Td>{member.role}</Table.Td>
            <Table.Td>{text.sources[member.source] ?? humanise(member.source)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </ScrollTable>
  );
}
