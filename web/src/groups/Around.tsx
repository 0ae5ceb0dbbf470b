// What stands around a buying group: its account, and its members who do most.
import { Skeleton, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { topMembersQuery } from "../api/groups";
import { accountQuery } from "../api/queries";
import type { GroupDetail, GroupMember } from "../api/types";
import { TripLinks } from "../journeys/TripLinks";
import { Card } from "../shell/Card";
import { Facts } from "../shell/Facts";
import { formatNumber, formatValue } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { ScrollTable } from "../shell/ScrollTable";
import { strings } from "../strings";
import { MemberDetails } from "./MemberDetails";
import { Score } from "./Score";

const text = strings.groups.around;
const LATEST_JOURNEYS = 3;
const SHOWN_MEMBERS = 5;
const DECISION_MAKERS = 3;
/** The role that the product itself knows as the one that decides. */
const DECIDES = "Decision Maker";

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

/** The three who decide and do most, then whoever else does most. */
export function TopMembers({ group }: { group: GroupDetail }) {
  const deciding = useQuery(topMembersQuery(group.id, DECISION_MAKERS, DECIDES));
  const engaged = useQuery(topMembersQuery(group.id, DECISION_MAKERS + SHOWN_MEMBERS));
  const deciders = deciding.data?.items ?? [];
  const others = (engaged.data?.items ?? [])
    .filter(({ person }) => deciders.every((decider) => decider.person !== person))
    .slice(0, SHOWN_MEMBERS);
  return (
    <>
      <MemberCard title={text.deciders} none={text.noDeciders} rows={deciding} group={group}>
        {deciders}
      </MemberCard>
      <MemberCard title={text.members} none={text.noOthers} rows={engaged} group={group}>
        {others}
      </MemberCard>
    </>
  );
}

type MemberCardProps = {
  title: string;
  none: string;
  rows: { isPending: boolean };
  group: GroupDetail;
  children: GroupMember[];
};

function MemberCard({ title, none, rows, group, children }: MemberCardProps) {
  return (
    <Card title={title}>
      {rows.isPending ? <Skeleton height={120} /> : null}
      {!rows.isPending && children.length === 0 ? <Text c="dimmed">{none}</Text> : null}
      {children.length > 0 ? (
        <ScrollTable label={title} fz="sm" verticalSpacing={8}>
          <Table.Tbody>
            {children.map((member) => (
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
                <Table.Td ta="right">
                  <MemberDetails member={member} group={group} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </ScrollTable>
      ) : null}
    </Card>
  );
}
