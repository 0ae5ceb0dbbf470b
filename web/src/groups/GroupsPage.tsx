// Buying groups: those there are, and what they are made from.
import { Button, Skeleton } from "@mantine/core";
import { useSearch } from "@tanstack/react-router";
import { UsersRound } from "lucide-react";
import { type ComponentType, lazy, Suspense } from "react";
import { useMayAny } from "../admin/useMay";
import { exportedGroups, groupsQuery } from "../api/groups";
import { SectionPage } from "../definitions/SectionPage";
import { listAddress, SECTIONS } from "../definitions/sections";
import { LinkTo } from "../shell/LinkTo";
import { ListSection } from "../shell/ListPage";
import { useServerSort } from "../shell/serverSort";
import { useRows } from "../shell/useRows";
import { strings } from "../strings";
import { BulkActions } from "./BulkActions";
import { GROUP_COLUMNS } from "./columns";
import { countOf, GroupFilters } from "./GroupFilters";

const text = strings.groups;
const NEWEST_FIRST = { column: "updated", down: true };
const GroupsBoard = lazy(() =>
  import("../dashboards/GroupsBoard").then(({ GroupsBoard }) => ({ default: GroupsBoard })),
);
const RolesBoard = lazy(() =>
  import("../dashboards/RolesBoard").then(({ RolesBoard }) => ({ default: RolesBoard })),
);

export function GroupsPage() {
  return (
    <SectionPage
      title={text.title}
      kinds={SECTIONS.groups.kinds}
      first={[
        { id: "browse", label: text.browse, body: <Browse /> },
        { id: "overview", label: text.tabs.overview, body: <Board of={GroupsBoard} /> },
      ]}
      last={[{ id: "insights", label: text.insights, body: <Board of={RolesBoard} /> }]}
    />
  );
}

/** The charts come with their own chunk. */
function Board({ of: Body }: { of: ComponentType }) {
  return (
    <Suspense fallback={<Skeleton height={300} />}>
      <Body />
    </Suspense>
  );
}

function Browse() {
  const mayChange = useMayAny(["groups:edit", "customers:delete"]);
  const search = useSearch({ from: "/inside/groups" });
  const { order, server } = useServerSort(GROUP_COLUMNS);
  const rows = useRows(groupsQuery(search, order));
  const narrowed = countOf(search) > 0;
  return (
    <ListSection
      id="buying-groups"
      title={text.title}
      searchLabel={strings.list.search}
      rows={rows}
      columns={GROUP_COLUMNS}
      rowKey={(row) => row.id}
      rowName={({ account, solution_interest: interest }) =>
        `${account.name ?? account.key} — ${interest.name ?? interest.key}`
      }
      server={server}
      usual={NEWEST_FIRST}
      exported={{ buying_groups: exportedGroups(search, order) }}
      filters={<GroupFilters search={search} />}
      bulk={mayChange ? (chosen, done) => <BulkActions groups={chosen} done={done} /> : undefined}
      narrowed={narrowed}
      empty={{
        icon: UsersRound,
        title: text.empty,
        hint: text.emptyHint,
        action: (
          <Button component={LinkTo} to={listAddress("solution_interest")} variant="light" mt="sm">
            {text.emptyAction}
          </Button>
        ),
      }}
    />
  );
}
