// What stands around a buying group: its account, and its members who do most.
import { Skeleton, Table, Text } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { groupMembersQuery } from "../api/groups";
import { accountQuery } from "../api/queries";
import type { GroupDetail, GroupMember } from "../api/types";
import { TripLinks } from "../journeys/TripLinks";
import { Card } from "../shell/Card";
import { rowsOf } from "../shell/DataTable";
import { Facts } from "../shell/Facts";
import { formatNumber, formatValue } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { strings } from "../strings";
import { Score } from "./Score";

const text = strings.groups.around;
const LATEST_JOURNEYS = 3;
const SHOWN_MEMBERS = 5;

export function AccountCard({ group }: { group: GroupDetail }) {
  const { data: account } = useQuery(accountQuery(group.account.key));
  if (!account) return <Skeleton height={160} />;
  const fact = (label: string, value: string) => ({ label, value });
  return (
    <Card title={strings.groups.columns.account}>
      <Facts
        facts={[
          {
            label: strings.accounts.columns.name,
            value: <LinkTo to={at("/accounts", account.key)}>{account.name || account.key}</LinkTo>,
          },
          fact(strings.accounts.columns.people, formatNumber(account.people)),
          fact(strings.accounts.columns.industry, formatValue(account.industry)),
          fact(text.opportunities, formatNumber(account.open_opportunities)),
        ]}
      />
      <Text size="sm" fw={600} mt="md" mb={6}>
        {text.journeys}
      </Text>
      <TripLinks
        trips={account.journeys.slice(0, LATEST_JOURNEYS)}
        empty={strings.accounts.noJourneys}
      />
    </Card>
  );
}

export function TopMembers({ group }: { group: GroupDetail }) {
  const rows = useInfiniteQuery(groupMembersQuery(group.id, false));
  const members = mostEngaged(rowsOf(rows));
  return (
    <Card title={text.members}>
      {rows.isPending ? <Skeleton height={120} /> : null}
      {!rows.isPending && members.length === 0 ? (
        <Text c="dimmed">{strings.groups.member.none}</Text>
      ) : null}
      {members.length > 0 ? (
        <Table aria-label={text.members} fz="sm" verticalSpacing={8}>
          <Table.Tbody>
            {members.map((member) => (
              <Table.Tr key={member.person}>
                <Table.Td>
                  <LinkTo to={at("/people", member.person)}>{member.name ?? member.person}</LinkTo>
                  <Text size="xs" c="dimmed">
                    {[member.role, member.job_title].filter(Boolean).join(" · ")}
                  </Text>
                </Table.Td>
                <Table.Td>
                  <Score
                    of={`${strings.groups.columns.engagement}: ${member.person}`}
                    percent={member.engagement}
                  />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      ) : null}
    </Card>
  );
}

/** Whoever does most first; among those who do as much, by name. */
const mostEngaged = (members: GroupMember[]) =>
  members
    .toSorted(
      (a, b) =>
        (b.engagement ?? 0) - (a.engagement ?? 0) ||
        (a.name ?? a.person).localeCompare(b.name ?? b.person),
    )
    .slice(0, SHOWN_MEMBERS);
