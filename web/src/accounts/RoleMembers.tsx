// The people who have one role in one of an account's buying groups.
import { Group, Modal, Select, Skeleton, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { MOST_OF_ROLE, roleMembersQuery } from "../api/groups";
import type { BuyingGroup, GroupMember } from "../api/types";
import { SendEmail } from "../customers/SendEmail";
import { MemberDetails } from "../groups/MemberDetails";
import { Score } from "../groups/Score";
import { ErrorNotice } from "../shell/ErrorNotice";
import { at, LinkTo } from "../shell/LinkTo";
import { Moment } from "../shell/Moment";
import { ScrollTable } from "../shell/ScrollTable";
import { strings } from "../strings";
import { groupName, type RolePlace } from "./places";

const text = strings.accounts.coverage;
const PERIODS = [7, 30, 90, 365];

type Props = { account: string; groups: BuyingGroup[]; place: RolePlace; onClose: () => void };

export function RoleMembers({ account, groups, place, onClose }: Props) {
  const [group, setGroup] = useState(place.group);
  const [days, setDays] = useState<number>();
  const { data, error, refetch } = useQuery(roleMembersQuery(group.id, place.role, days));
  const members = data?.items ?? [];
  const others = groups.filter(({ members }) => members.some(({ role }) => role === place.role));
  return (
    <Modal opened size="xl" onClose={onClose} title={text.place(place.role, groupName(group))}>
      <Stack gap="md">
        <Group gap="sm" align="flex-end">
          {others.length > 1 ? (
            <Select
              label={text.interest}
              allowDeselect={false}
              data={others.map((each) => ({ value: each.id, label: groupName(each) }))}
              value={group.id}
              onChange={(id) => setGroup(others.find((each) => each.id === id) ?? group)}
            />
          ) : null}
          <Select
            label={text.period}
            allowDeselect={false}
            data={[
              { value: "", label: text.anyTime },
              ...PERIODS.map((n) => ({ value: String(n), label: text.days(n) })),
            ]}
            value={days === undefined ? "" : String(days)}
            onChange={(chosen) => setDays(chosen ? Number(chosen) : undefined)}
          />
          {members.length > 0 ? (
            <SendEmail to={{ group: group.id, people: members.map(({ person }) => person) }} />
          ) : null}
        </Group>
        {error ? <ErrorNotice error={error} onRetry={refetch} /> : null}
        {!data && !error ? <Skeleton height={120} /> : null}
        {data && members.length === 0 ? (
          <Text c="dimmed">{days === undefined ? text.nobody : text.nobodySo}</Text>
        ) : null}
        {members.length > 0 ? <People members={members} group={group} account={account} /> : null}
        {data?.next_cursor ? (
          <Text size="xs" c="dimmed">
            {text.first(MOST_OF_ROLE)}
          </Text>
        ) : null}
      </Stack>
    </Modal>
  );
}

type PeopleProps = { members: GroupMember[]; group: BuyingGroup; account: string };

function People({ members, group, account }: PeopleProps) {
  const columns = text.columns;
  return (
    <ScrollTable miw={560} label={columns.name} fz="sm" verticalSpacing={8}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{columns.name}</Table.Th>
          <Table.Th>{columns.jobTitle}</Table.Th>
          <Table.Th>{columns.engagement}</Table.Th>
          <Table.Th>{columns.active}</Table.Th>
          <Table.Th aria-label={columns.details} />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {members.map((member) => {
          const name = member.name ?? member.person;
          return (
            <Table.Tr key={member.person}>
              <Table.Td>
                <LinkTo to={at("/people", member.person)}>{name}</LinkTo>
              </Table.Td>
              <Table.Td>{member.job_title ?? strings.list.none}</Table.Td>
              <Table.Td>
                <Score of={`${columns.engagement}: ${name}`} percent={member.engagement} />
              </Table.Td>
              <Table.Td>
                <Moment at={member.last_activity_at} dimmed />
              </Table.Td>
              <Table.Td ta="right">
                <MemberDetails
                  member={member}
                  group={{ id: group.id, account: { key: account, name: null } }}
                />
              </Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </ScrollTable>
  );
}
