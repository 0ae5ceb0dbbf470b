// The buying groups that a person is in, the most engaged first.
import { Skeleton, Table, Text } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { buyingGroupsQuery } from "../api/queries";
import type { BuyingGroup, Person } from "../api/types";
import { Score } from "../groups/Score";
import { Card } from "../shell/Card";
import { ErrorNotice } from "../shell/ErrorNotice";
import { at, LinkTo } from "../shell/LinkTo";
import { strings } from "../strings";

const text = strings.people.groups;

type Place = { group: BuyingGroup; role: string };

export function GroupsOfPerson({ person }: { person: Person }) {
  // Only the accounts that one belongs to have groups that one is in.
  const asked = useQueries({ queries: person.accounts.map(({ key }) => buyingGroupsQuery(key)) });
  const failed = asked.find(({ error }) => error);
  const places = asked.flatMap(({ data }) =>
    (data?.items ?? []).flatMap((group): Place[] => {
      const member = group.members.find((each) => each.person === person.key);
      return member ? [{ group, role: member.role }] : [];
    }),
  );
  places.sort((a, b) => (b.group.engagement ?? 0) - (a.group.engagement ?? 0));
  return (
    <Card title={text.title}>
      {failed?.error ? <ErrorNotice error={failed.error} onRetry={() => failed.refetch()} /> : null}
      {asked.some(({ isPending }) => isPending) ? <Skeleton height={60} /> : null}
      {places.length === 0 && asked.every(({ isPending }) => !isPending) ? (
        <Text c="dimmed">{text.none}</Text>
      ) : null}
      {places.length > 0 ? (
        <Table aria-label={text.title} fz="sm" verticalSpacing={8}>
          <Table.Tbody>
            {places.map(({ group, role }) => {
              const name = group.name ?? group.solution_interest;
              return (
                <Table.Tr key={group.id}>
                  <Table.Td>
                    <LinkTo to={at("/groups", group.id)}>{name}</LinkTo>
                    <Text size="xs" c="dimmed">
                      {[role, group.stage].filter(Boolean).join(" · ")}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <Score
                      of={`${strings.accounts.engagement}: ${name}`}
                      percent={group.engagement}
                    />
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      ) : null}
    </Card>
  );
}
