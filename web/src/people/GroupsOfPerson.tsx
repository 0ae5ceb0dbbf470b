// The buying groups that a person is in, the most engaged first, and what a hand changes about that.
import { Skeleton, Table, Text } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { here } from "../accounts/coverage";
import { groupName, type RolePlace } from "../accounts/places";
import { useMay } from "../admin/useMay";
import { buyingGroupsQuery } from "../api/queries";
import type { BuyingGroup, Person } from "../api/types";
import { Score } from "../groups/Score";
import { Card } from "../shell/Card";
import { ErrorNotice } from "../shell/ErrorNotice";
import { at, LinkTo } from "../shell/LinkTo";
import { ScrollTable } from "../shell/ScrollTable";
import { strings } from "../strings";
import { AddToGroup, PlaceMenu } from "./PlaceMenu";

const text = strings.people.groups;
const { columns } = strings.groups;

/** Of a person of several accounts each group says whose it is. */
function named(groups: BuyingGroup[], accounts: Person["accounts"], n: number): BuyingGroup[] {
  const account = accounts[n];
  if (!account || accounts.length < 2) return groups;
  return groups.map((group) => ({
    ...group,
    name: text.ofAccount(groupName(group), account.name || account.key),
  }));
}

export function GroupsOfPerson({ person }: { person: Person }) {
  // Only the accounts that one belongs to have groups that one is in.
  const asked = useQueries({ queries: person.accounts.map(({ key }) => buyingGroupsQuery(key)) });
  const edits = useMay()?.("groups:edit");
  const failed = asked.find(({ error }) => error);
  const waits = asked.some(({ isPending }) => isPending);
  const groups = asked.flatMap(({ data }, n) => named(data?.items ?? [], person.accounts, n));
  const places = groups.flatMap((group): RolePlace[] => {
    const member = group.members.find((each) => each.person === person.key);
    return member ? [{ group, role: member.role }] : [];
  });
  places.sort((a, b) => (b.group.engagement ?? 0) - (a.group.engagement ?? 0));
  const others = groups.filter((group) => places.every((place) => place.group !== group));
  return (
    <Card
      title={text.title}
      aside={edits && others.length > 0 ? <AddToGroup person={person.key} groups={others} /> : null}
    >
      {failed?.error ? <ErrorNotice error={failed.error} onRetry={() => failed.refetch()} /> : null}
      {waits ? <Skeleton height={60} /> : null}
      {places.length === 0 && !waits ? <Text c="dimmed">{text.none}</Text> : null}
      {places.length > 0 ? (
        <Places places={places} person={edits ? person.key : undefined} />
      ) : null}
    </Card>
  );
}

type PlacesProps = {
  places: RolePlace[];
  /** Whose places may be changed; none: they may not. */
  person: string | undefined;
};

/** The role, and how the group is. */
function aboutOf({ group, role }: RolePlace): string {
  const { completeness, stage } = group;
  const complete = completeness == null ? null : text.complete(Math.round(completeness));
  return [role, stage, complete, strings.subjects.people(here(group).length)]
    .filter(Boolean)
    .join(" · ");
}

function Places({ places, person }: PlacesProps) {
  return (
    <ScrollTable label={text.title} fz="sm" verticalSpacing={8}>
      <Table.Tbody>
        {places.map((place) => {
          const { group } = place;
          const name = groupName(group);
          return (
            <Table.Tr key={group.id}>
              <Table.Td>
                <LinkTo to={at("/groups", group.id)}>{name}</LinkTo>
                <Text size="xs" c="dimmed">
                  {aboutOf(place)}
                </Text>
              </Table.Td>
              <Table.Td>
                <Score of={`${columns.engagement}: ${name}`} percent={group.engagement} />
              </Table.Td>
              {person ? (
                <Table.Td ta="right">
                  <PlaceMenu person={person} place={place} />
                </Table.Td>
              ) : null}
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </ScrollTable>
  );
}
