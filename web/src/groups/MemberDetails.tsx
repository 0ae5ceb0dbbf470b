// What is known of one member of a buying group: how to reach them, and what they did last.
import { Anchor, Button, List, Popover, Skeleton, Stack, Text } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { buyingGroupsQuery, personTimelineQuery } from "../api/queries";
import type { GroupDetail, GroupMember } from "../api/types";
import { rowsOf } from "../shell/DataTable";
import { humanise } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { Moment } from "../shell/Moment";
import { strings } from "../strings";
import { DEEDS } from "./engagement";

const text = strings.groups.around;
const LATEST_ACTIVITIES = 2;
const OTHER_GROUPS = 3;

type Props = { member: GroupMember; group: Pick<GroupDetail, "id" | "account"> };

export function MemberDetails(props: Props) {
  const name = props.member.name ?? props.member.person;
  return (
    <Popover position="bottom-end" shadow="md" width={320} trapFocus withinPortal>
      <Popover.Target>
        <Button size="compact-xs" variant="subtle" aria-label={text.detailsOf(name)}>
          {text.details}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={text.detailsOf(name)}>
        <Details {...props} />
      </Popover.Dropdown>
    </Popover>
  );
}

/** Mounted once it is opened: what it shows is asked for then. */
function Details({ member, group }: Props) {
  const moment = member.last_interesting_moment;
  return (
    <Stack gap="sm">
      <Part title={text.reach}>
        {member.email ? (
          <Anchor size="sm" href={`mailto:${member.email}`}>
            {member.email}
          </Anchor>
        ) : null}
        {member.phone ? <Text size="sm">{member.phone}</Text> : null}
        {member.email || member.phone ? null : <None />}
      </Part>
      <Part title={text.moment}>
        {moment ? (
          <Text size="sm">
            {moment.description || humanise(moment.moment ?? "")} · <Moment at={moment.at} dimmed />
          </Text>
        ) : (
          <None />
        )}
      </Part>
      <Part title={text.latest}>
        <Latest person={member.person} />
      </Part>
      <Part title={text.otherGroups}>
        <OtherGroups person={member.person} group={group} />
      </Part>
    </Stack>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {title}
      </Text>
      {children}
    </div>
  );
}

const None = () => <Text size="sm">{strings.list.none}</Text>;

function Latest({ person }: { person: string }) {
  const rows = useInfiniteQuery(personTimelineQuery(person, DEEDS));
  if (rows.isPending) return <Skeleton height={36} />;
  const latest = rowsOf(rows).slice(0, LATEST_ACTIVITIES);
  if (latest.length === 0) return <None />;
  return (
    <List size="sm" listStyleType="none">
      {latest.map((activity) => (
        <List.Item key={activity.id}>
          {activity.title} · <Moment at={activity.at} dimmed />
        </List.Item>
      ))}
    </List>
  );
}

/** Other groups of the same account that the person is in. */
function OtherGroups({ person, group }: { person: string; group: Props["group"] }) {
  const { data } = useQuery(buyingGroupsQuery(group.account.key));
  if (!data) return <Skeleton height={18} />;
  const others = data.items
    .filter(({ id, members }) => id !== group.id && members.some((each) => each.person === person))
    .slice(0, OTHER_GROUPS);
  if (others.length === 0) return <None />;
  return (
    <List size="sm" listStyleType="none">
      {others.map((other) => (
        <List.Item key={other.id}>
          <LinkTo to={at("/groups", other.id)}>{other.name ?? other.solution_interest}</LinkTo>
        </List.Item>
      ))}
    </List>
  );
}
