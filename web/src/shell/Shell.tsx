// The frame around every page: navigation left, organisation and user on top.
import { AppShell, Badge, Burger, Group, NavLink, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Outlet, useRouterState } from "@tanstack/react-router";
import {
  Building2,
  ChartColumn,
  ListChecks,
  type LucideIcon,
  Mail,
  PenTool,
  Route,
  SlidersHorizontal,
  TriangleAlert,
  Users,
  UsersRound,
} from "lucide-react";
import { useMay } from "../admin/useMay";
import { answersQuery } from "../api/answers";
import { organisationQuery, problemsQuery } from "../api/queries";
import { Notifications } from "../exports/Notifications";
import { ThemeSwitch } from "../session/ThemeSwitch";
import { UserMenu } from "../session/UserMenu";
import { strings } from "../strings";
import { Brand } from "./Brand";
import { rowsOf, totalOf } from "./DataTable";
import { LinkTo } from "./LinkTo";
import { RecentMenu } from "./RecentMenu";
import classes from "./shell.module.css";

type Entry = { to: string; label: string; icon: LucideIcon };

const ENTRIES: Entry[] = [
  { to: "/journeys", label: strings.nav.journeys, icon: Route },
  { to: "/accounts", label: strings.nav.accounts, icon: Building2 },
  { to: "/people", label: strings.nav.people, icon: Users },
  { to: "/groups", label: strings.nav.groups, icon: UsersRound },
  { to: "/lists", label: strings.nav.lists, icon: ListChecks },
  { to: "/content", label: strings.nav.content, icon: PenTool },
  { to: "/dashboards", label: strings.nav.dashboards, icon: ChartColumn },
];
const MESSAGES: Entry = { to: "/messages", label: strings.nav.messages, icon: Mail };
const PROBLEMS: Entry = { to: "/problems", label: strings.nav.problems, icon: TriangleAlert };
const ADMIN: Entry = { to: "/admin", label: strings.nav.admin, icon: SlidersHorizontal };

export function Shell() {
  const [opened, { toggle, close }] = useDisclosure(false);
  const organisation = useQuery(organisationQuery).data;
  const entries = [...ENTRIES, ...(organisation?.mail_catcher ? [MESSAGES] : []), PROBLEMS, ADMIN];
  return (
    <AppShell
      layout="alt"
      header={{ height: 56 }}
      navbar={{
        width: { base: 216, sm: 64, lg: 216 },
        breakpoint: "sm",
        collapsed: { mobile: !opened },
      }}
    >
      <a className={classes.skip} href="#content">
        {strings.nav.skip}
      </a>
      <AppShell.Navbar className={classes.navbar} aria-label={strings.nav.label}>
        <Group justify="space-between" className={classes.brandRow}>
          <Brand />
          <Burger
            hiddenFrom="sm"
            size="sm"
            color="#fff"
            opened={opened}
            onClick={toggle}
            aria-label={strings.nav.toggle}
          />
        </Group>
        <div className={classes.navLinks}>
          {entries.map((entry) => (
            <NavEntry key={entry.to} entry={entry} onClick={close} />
          ))}
        </div>
        {organisation ? (
          <Text size="xs" className={classes.version}>
            {strings.nav.version(organisation.version)}
          </Text>
        ) : null}
      </AppShell.Navbar>
      <AppShell.Header className={classes.header}>
        <Group gap="sm" wrap="nowrap" miw={0}>
          <Burger
            hiddenFrom="sm"
            size="sm"
            opened={opened}
            onClick={toggle}
            aria-label={strings.nav.toggle}
          />
          <Text fw={600} truncate>
            {organisation?.name}
          </Text>
          {organisation?.demo ? (
            <Badge variant="light" size="sm" tt="none" fw={600}>
              {strings.nav.demo}
            </Badge>
          ) : null}
        </Group>
        <Group gap="xs" wrap="nowrap">
          <RecentMenu />
          <Notifications />
          <ThemeSwitch />
          <UserMenu />
        </Group>
      </AppShell.Header>
      <AppShell.Main id="content" className={classes.main} tabIndex={-1}>
        <Outlet />
      </AppShell.Main>
    </AppShell>
  );
}

function NavEntry({ entry, onClick }: { entry: Entry; onClick: () => void }) {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const active = path === entry.to || path.startsWith(`${entry.to}/`);
  const Icon = entry.icon;
  return (
    <NavLink
      component={LinkTo}
      to={entry.to}
      label={entry.label}
      title={entry.label}
      active={active}
      aria-current={active ? "page" : undefined}
      leftSection={<Icon size={17} aria-hidden />}
      rightSection={entry === PROBLEMS ? <ProblemCount /> : null}
      className={classes.navLink}
      onClick={onClick}
    />
  );
}

/** Problems, and answers that somebody shall look at. */
function ProblemCount() {
  const rows = useInfiniteQuery(problemsQuery());
  const mayRead = useMay()?.("customers:read") === true;
  const answers = useInfiniteQuery({ ...answersQuery(), enabled: mayRead });
  const shown = rowsOf(rows).length;
  const count = (totalOf(rows) ?? shown) + (totalOf(answers) ?? 0);
  if (count === 0) return null;
  return (
    <Badge size="sm" color="red.9" variant="filled">
      {count}
      {rows.hasNextPage && totalOf(rows) == null ? "+" : ""}
    </Badge>
  );
}
