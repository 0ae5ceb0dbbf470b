// The members of a buying group, and what hands do with them: add, change roles, take out.
import { Badge, Button, MultiSelect, Select, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Plus, UserRoundX, UsersRound } from "lucide-react";
import { useState } from "react";
import { useMayAny } from "../admin/useMay";
import { assignMembers, groupMembersQuery, removeMembers } from "../api/groups";
import { accountPeopleQuery } from "../api/queries";
import type { GroupDetail, GroupMember } from "../api/types";
import { MOST_AT_ONCE, SendEmail } from "../customers/SendEmail";
import { personName } from "../people/columns";
import { textColumn } from "../shell/columns";
import { type Column, rowsOf } from "../shell/DataTable";
import { Dialog } from "../shell/Dialog";
import { humanise } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { ListSection } from "../shell/ListPage";
import { Moment } from "../shell/Moment";
import { useServerSort } from "../shell/serverSort";
import classes from "../shell/shell.module.css";
import { tellFailure } from "../shell/tellFailure";
import { useRows } from "../shell/useRows";
import { strings } from "../strings";
import { useGroupChange } from "./GroupDialogs";
import { RoleDialog } from "./RoleDialog";
import { Score } from "./Score";

const text = strings.groups.member;
const COLUMNS: Column<GroupMember>[] = [
  {
    id: "name",
    order: "name",
    label: text.columns.name,
    fixed: true,
    value: (row) => row.name ?? row.person,
    cell: (row) => (
      <>
        <LinkTo className={classes.nameLink} to={at("/people", row.person)}>
          {row.name ?? row.person}
        </LinkTo>
        {row.left_account ? (
          <Badge ml={8} size="sm" variant="light" color="gray" tt="none">
            {text.leftAccount}
          </Badge>
        ) : null}
      </>
    ),
  },
  textColumn("role", text.columns.role, (row) => row.role, { order: "role" }),
  textColumn("job_title", text.columns.jobTitle, (row) => row.job_title, { order: "job_title" }),
  textColumn("email", text.columns.email, (row) => row.email, { order: "email" }),
  textColumn("phone", text.columns.phone, (row) => row.phone, {
    optional: true,
    order: "phone",
  }),
  {
    id: "engagement",
    order: "engagement",
    label: text.columns.engagement,
    value: (row) => row.engagement,
    cell: (row) => (
      <Score of={`${text.columns.engagement}: ${row.person}`} percent={row.engagement} />
    ),
  },
  {
    id: "moment",
    label: text.columns.moment,
    value: (row) => row.last_interesting_moment?.at,
    cell: (row) => <LastMoment moment={row.last_interesting_moment} />,
  },
  {
    id: "source",
    order: "source",
    label: text.columns.source,
    value: (row) => row.source,
    cell: (row) => strings.accounts.sources[row.source] ?? humanise(row.source),
  },
];
const SINCE: Column<GroupMember> = {
  id: "added",
  order: "added_at",
  label: text.columns.added,
  optional: true,
  value: (row) => row.added_at,
  cell: (row) => <Moment at={row.added_at} dimmed />,
};
const UNTIL: Column<GroupMember> = {
  id: "removed",
  order: "removed_at",
  label: text.columns.removed,
  value: (row) => row.removed_at,
  cell: (row) => <Moment at={row.removed_at} dimmed />,
};

/** What it was, and when; the kind of moment where nobody wrote what it was. */
function LastMoment({ moment }: { moment: GroupMember["last_interesting_moment"] }) {
  if (!moment) return strings.list.none;
  return (
    <>
      <Text inherit lineClamp={2} maw={260}>
        {moment.description || humanise(moment.moment ?? "")}
      </Text>
      <Text size="xs">
        <Moment at={moment.at} dimmed />
      </Text>
    </>
  );
}

const EDITS = ["groups:edit"];

export function Members({ group, removed = false }: { group: GroupDetail; removed?: boolean }) {
  const columns = [...COLUMNS, removed ? UNTIL : SINCE];
  const { order, server } = useServerSort(columns);
  const rows = useRows(groupMembersQuery(group.id, removed, order));
  const [adding, setAdding] = useState(false);
  const [changing, setChanging] = useState<{ people: string[]; done: () => void }>();
  const edits = useMayAny(EDITS);
  const mayChange = useMayAny(removed ? EDITS : [...EDITS, "messages:send"]);
  const add = edits ? (
    <Button leftSection={<Plus size={15} aria-hidden />} onClick={() => setAdding(true)}>
      {text.add}
    </Button>
  ) : undefined;
  return (
    <>
      <ListSection
        id={removed ? "group-removed" : "group-members"}
        title={removed ? strings.groups.tabs.removed : strings.groups.tabs.members}
        rows={rows}
        columns={columns}
        server={server}
        rowKey={(row) => row.person}
        actions={removed ? undefined : add}
        empty={
          removed
            ? { icon: UserRoundX, title: text.noneOut, hint: text.noneOutHint }
            : { icon: UsersRound, title: text.none, hint: text.noneHint, action: add }
        }
        bulk={
          mayChange
            ? (chosen, done) => (
                <MemberActions
                  group={group.id}
                  people={chosen.map((row) => row.person)}
                  removed={removed}
                  done={done}
                  onRole={(people) => setChanging({ people, done })}
                />
              )
            : undefined
        }
      />
      {adding ? <AddDialog group={group} onClose={() => setAdding(false)} /> : null}
      {changing ? (
        <RoleDialog
          group={group}
          people={changing.people}
          title={removed ? text.add : text.changeRole}
          onClose={() => {
            setChanging(undefined);
            changing.done();
          }}
        />
      ) : null}
    </>
  );
}

type ActionsProps = {
  /** The group's id. */
  group: string;
  /** The keys of the members that are chosen. */
  people: string[];
  /** They are members no more. */
  removed: boolean;
  /** Lets go of them. */
  done: () => void;
  /** A role is to be chosen for them. */
  onRole: (people: string[]) => void;
};

/** What hands do with several members at once. */
function MemberActions({ group, people, removed, done, onRole }: ActionsProps) {
  const edits = useMayAny(EDITS);
  const many = people.length > MOST_AT_ONCE;
  const remove = useGroupChange(() => removeMembers(group, people), done, tellFailure);
  return (
    <>
      {edits ? (
        <Button size="xs" variant="default" disabled={many} onClick={() => onRole(people)}>
          {removed ? text.add : text.changeRole}
        </Button>
      ) : null}
      {removed ? null : <SendEmail to={{ group, people }} small done={done} />}
      {edits && !removed ? (
        <Button
          size="xs"
          color="red"
          variant="light"
          disabled={many}
          loading={remove.isPending}
          onClick={() => remove.mutate(undefined)}
        >
          {text.remove}
        </Button>
      ) : null}
    </>
  );
}

function AddDialog({ group, onClose }: { group: GroupDetail; onClose: () => void }) {
  const [people, setPeople] = useState<string[]>([]);
  const [role, setRole] = useState<string | null>(null);
  const [typed, setTyped] = useState("");
  const found = useInfiniteQuery(accountPeopleQuery(group.account.key, ""));
  const assign = useGroupChange((to: string) => assignMembers(group.id, to, people), onClose);
  const data = rowsOf(found).map((person) => ({
    value: person.key,
    label: [personName(person), person.job_title].filter(Boolean).join(" · "),
  }));
  return (
    <Dialog
      title={text.addTitle}
      error={assign.error}
      busy={assign.isPending}
      ready={role !== null && people.length > 0}
      submit={text.add}
      onClose={onClose}
      onSubmit={() => role && assign.mutate(role)}
    >
      <MultiSelect
        label={text.people}
        description={text.peopleHint}
        data-autofocus
        searchable
        searchValue={typed}
        onSearchChange={(next) => {
          setTyped(next);
          // A large account comes page by page, as one types.
          if (found.hasNextPage && !found.isFetchingNextPage) void found.fetchNextPage();
        }}
        maxValues={MOST_AT_ONCE}
        nothingFoundMessage={strings.forms.nothingFound}
        data={data}
        value={people}
        onChange={setPeople}
      />
      <Select
        label={text.role}
        data={group.roles.map((each) => each.role)}
        value={role}
        onChange={setRole}
      />
    </Dialog>
  );
}
