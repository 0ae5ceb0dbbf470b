// One buying group: how far it is filled, where it stands, and who is in it.

import { Alert, Button, Group, Menu, Progress, Skeleton, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { ChevronDown, CircleAlert } from "lucide-react";
import { useState } from "react";
import { useMay } from "../admin/useMay";
import { groupQuery } from "../api/groups";
import type { GroupDetail, GroupRole } from "../api/types";
import { NamedLink } from "../definitions/NamedLink";
import { Card } from "../shell/Card";
import { Facts } from "../shell/Facts";
import { PageFault } from "../shell/Fault";
import { formatInstant, formatNumber, formatStamp, humanise } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { PageHeader } from "../shell/PageHeader";
import { useOpened } from "../shell/recent";
import { ScrollTable } from "../shell/ScrollTable";
import classes from "../shell/shell.module.css";
import { Tabs } from "../shell/Tabs";
import { strings } from "../strings";
import { AccountCard, TopMembers } from "./Around";
import { PutAwayDialog, StageDialog, StatusDialog } from "./GroupDialogs";
import { Members } from "./Members";
import { Score } from "./Score";
import { Scores } from "./Scores";

const text = strings.groups;
const none = strings.list.none;

export function GroupPage() {
  const { id } = useParams({ from: "/inside/groups/$id" });
  const { data: group, error, refetch } = useQuery(groupQuery(id));
  useOpened(group && { kind: "group", title: group.name, to: at("/groups", id) });
  if (error) {
    return <PageFault error={error} onRetry={refetch} back={{ to: "/groups", label: text.back }} />;
  }
  if (!group) {
    return (
      <div className={classes.page}>
        <Skeleton height={320} />
      </div>
    );
  }
  return (
    <div className={classes.page}>
      <PageHeader
        title={group.name}
        back={{ to: "/groups", label: text.back }}
        detail={
          <>
            <LinkTo to={at("/accounts", group.account.key)}>
              {group.account.name ?? group.account.key}
            </LinkTo>
            <span>{group.solution_interest.name ?? group.solution_interest.key}</span>
            <span>{strings.subjects.people(group.members)}</span>
          </>
        }
      >
        <Actions group={group} />
      </PageHeader>
      <Tabs
        label={group.name}
        tabs={[
          { id: "overview", label: text.tabs.overview, body: <Overview group={group} /> },
          { id: "members", label: text.tabs.members, body: <Members group={group} /> },
          { id: "scores", label: text.tabs.scores, body: <Scores group={group} /> },
          {
            id: "removed",
            label: text.tabs.removed,
            body: <Members key="removed" group={group} removed />,
          },
        ]}
      />
    </div>
  );
}

export function Actions({ group }: { group: GroupDetail }) {
  const [asked, setAsked] = useState<"stage" | "status" | "away">();
  const may = useMay();
  const edits = may?.("groups:edit");
  const putsAway = may?.("customers:delete");
  const close = () => setAsked(undefined);
  if (!edits && !putsAway) return null;
  return (
    <>
      <Menu position="bottom-end" shadow="md" withinPortal>
        <Menu.Target>
          <Button variant="default" rightSection={<ChevronDown size={15} aria-hidden />}>
            {strings.journey.actions.more}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {edits ? (
            <Menu.Item onClick={() => setAsked("status")}>{text.changeStatus}</Menu.Item>
          ) : null}
          {putsAway ? (
            <Menu.Item color="red" onClick={() => setAsked("away")}>
              {text.putAway}
            </Menu.Item>
          ) : null}
        </Menu.Dropdown>
      </Menu>
      {edits ? <Button onClick={() => setAsked("stage")}>{text.changeStage}</Button> : null}
      {asked === "stage" ? <StageDialog group={group} onClose={close} /> : null}
      {asked === "status" ? <StatusDialog group={group} onClose={close} /> : null}
      {asked === "away" ? <PutAwayDialog group={group} onClose={close} /> : null}
    </>
  );
}

function Overview({ group }: { group: GroupDetail }) {
  return (
    <div className={classes.columns}>
      <div className={classes.stack}>
        {group.missing_roles.length > 0 ? (
          <Alert color="yellow" variant="light" icon={<CircleAlert size={18} />}>
            {text.missing(group.missing_roles.join(", "))}
          </Alert>
        ) : null}
        <Card title={text.summary}>
          <Facts facts={factsOf(group)} />
        </Card>
        <AccountCard group={group} />
        <Moves group={group} />
      </div>
      <div className={classes.stack}>
        <Card title={text.roles}>
          <Text size="xs" c="dimmed" mb="sm">
            {text.rolesHint}
          </Text>
          <Roles roles={group.roles} />
        </Card>
        <TopMembers group={group} />
      </div>
    </div>
  );
}

function factsOf(group: GroupDetail) {
  const { completeness, engagement } = group;
  return [
    {
      label: text.columns.completeness,
      value: <Score of={text.columns.completeness} percent={completeness} />,
    },
    {
      label: text.columns.engagement,
      value: <Score of={text.columns.engagement} percent={engagement} />,
    },
    { label: text.columns.stage, value: group.stage ?? none },
    { label: text.columns.status, value: group.status ?? none },
    { label: text.columns.members, value: formatNumber(group.members) },
    {
      label: text.template,
      value: group.roles_template ? (
        <NamedLink plural="roles_templates" of={group.roles_template} />
      ) : (
        none
      ),
    },
    { label: text.columns.updated, value: formatInstant(group.updated_at) },
  ];
}

function Roles({ roles }: { roles: GroupRole[] }) {
  return (
    <ScrollTable verticalSpacing={8} horizontalSpacing="xs" fz="sm" label={text.roles}>
      <Table.Tbody>
        {roles.map((role) => (
          <Table.Tr key={role.role}>
            <Table.Td>
              <Text size="sm" fw={600}>
                {role.role}
              </Text>
              <Text size="xs" c="dimmed">
                {role.required ? text.required : text.optional}
              </Text>
            </Table.Td>
            <Table.Td>
              <Progress value={role.completeness} color="teal.7" miw={90} aria-label={role.role} />
            </Table.Td>
            <Table.Td ta="right">{text.filled(role.members, role.members_required)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </ScrollTable>
  );
}

function Moves({ group }: { group: GroupDetail }) {
  return (
    <Card title={text.moves}>
      {group.stages.length === 0 ? <Text c="dimmed">{text.noMoves}</Text> : null}
      {group.stages.map((move) => (
        <Group key={move.at} justify="space-between" mb={6} gap="xs">
          <Text size="sm">
            {text.moved(move.old ?? text.firstStage, move.new ?? text.firstStage)}
          </Text>
          <Text size="xs" c="dimmed">
            {strings.accounts.sources[move.source] ?? humanise(move.source)} ·{" "}
            {formatStamp(move.at)}
          </Text>
        </Group>
      ))}
    </Card>
  );
}
