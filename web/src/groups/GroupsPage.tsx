// Buying groups: those there are, and what they are made from.
import { Button, NumberInput, Popover, Select, Skeleton, Stack } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ListFilter, UsersRound } from "lucide-react";
import { type ComponentType, lazy, Suspense } from "react";
import { exportedGroups, groupsQuery } from "../api/groups";
import { SectionPage } from "../definitions/SectionPage";
import { listAddress, SECTIONS } from "../definitions/sections";
import { useDefinitions } from "../forms/ReferencePicker";
import { LinkTo } from "../shell/LinkTo";
import { ListSection } from "../shell/ListPage";
import { useServerSort } from "../shell/serverSort";
import { useRows } from "../shell/useRows";
import { strings } from "../strings";
import { BulkActions } from "./BulkActions";
import { GROUP_COLUMNS } from "./columns";
import type { GroupSearch } from "./search";
import { useStageNames } from "./stageNames";

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
      server={server}
      usual={NEWEST_FIRST}
      exported={{ buying_groups: exportedGroups(search, order) }}
      filters={<Filters search={search} />}
      bulk={(chosen, done) => <BulkActions groups={chosen} done={done} />}
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

const countOf = ({ interest, stage, missing, below }: GroupSearch) =>
  [interest, stage, missing, below].filter((each) => each !== undefined).length;

function Filters({ search }: { search: GroupSearch }) {
  const navigate = useNavigate({ from: "/groups" });
  const interests = useDefinitions("solution_interest").options;
  const roles = useDefinitions("role").options;
  const stages = useStageNames();
  const put = (part: Partial<GroupSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  const putBelow = useDebouncedCallback((below: number | undefined) => put({ below }), 300);
  const count = countOf(search);
  return (
    <Popover position="bottom-end" shadow="md" width={280} trapFocus withinPortal>
      <Popover.Target>
        <Button
          variant={count > 0 ? "light" : "default"}
          leftSection={<ListFilter size={15} aria-hidden />}
        >
          {count > 0 ? `${text.filters} · ${count}` : text.filters}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={text.filters}>
        <Stack gap="sm">
          <Select
            label={text.filter.interest}
            clearable
            searchable
            data={interests.map(({ value, label }) => ({ value, label }))}
            value={search.interest ?? null}
            onChange={(interest) => put({ interest: interest ?? undefined })}
            comboboxProps={{ withinPortal: false }}
          />
          <Select
            label={text.filter.stage}
            clearable
            data={stages}
            value={search.stage ?? null}
            onChange={(stage) => put({ stage: stage ?? undefined })}
            comboboxProps={{ withinPortal: false }}
          />
          <Select
            label={text.filter.missing}
            clearable
            searchable
            data={roles.map(({ value, label }) => ({ value, label }))}
            value={search.missing ?? null}
            onChange={(missing) => put({ missing: missing ?? undefined })}
            comboboxProps={{ withinPortal: false }}
          />
          <NumberInput
            label={text.filter.below}
            suffix=" %"
            min={0}
            max={100}
            defaultValue={search.below ?? ""}
            onChange={(below) => putBelow(below === "" ? undefined : Number(below))}
          />
          <Button
            variant="subtle"
            color="gray"
            size="xs"
            disabled={count === 0}
            onClick={() =>
              put({ interest: undefined, stage: undefined, missing: undefined, below: undefined })
            }
          >
            {text.filter.clear}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
