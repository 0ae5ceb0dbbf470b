// Every address of the app. The URL holds what is open, so that any view can be linked to.
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { AccountPage } from "./accounts/AccountPage";
import { AccountsPage } from "./accounts/AccountsPage";
import { sessionQuery } from "./api/queries";
import type { GroupSearch } from "./groups/search";
import { JourneyPage } from "./journeys/JourneyPage";
import { JourneysPage } from "./journeys/JourneysPage";
import { MessagesPage } from "./messages/MessagesPage";
import { PeoplePage } from "./people/PeoplePage";
import { PersonPage } from "./people/PersonPage";
import { ProblemsPage } from "./problems/ProblemsPage";
import { SignInPage } from "./session/SignInPage";
import { Fault, NotFound } from "./shell/Fault";
import { Shell } from "./shell/Shell";

type Search = Record<string, unknown>;
const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
/** `draft`, or the number of a version. */
const version = (value: unknown) => (typeof value === "number" ? String(value) : text(value));
/** The search box stands in the address as `q`. */
const searchable = (search: Search): { q?: string } => ({ q: text(search.q) });
const tabbed = (search: Search): { tab?: string } => ({ tab: text(search.tab) });
const listed = (search: Search): { q?: string; tab?: string } => ({
  ...searchable(search),
  ...tabbed(search),
});

const root = createRootRouteWithContext<{ cache: QueryClient }>()({});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  component: SignInPage,
  validateSearch: (search: Search): { next?: string } => ({ next: text(search.next) }),
});

const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    const session = await context.cache.ensureQueryData(sessionQuery);
    if (!session) throw redirect({ to: "/sign-in", search: { next: location.href } });
  },
});

const home = createRoute({
  getParentRoute: () => inside,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/journeys" });
  },
});
const journeys = createRoute({
  getParentRoute: () => inside,
  path: "/journeys",
  component: JourneysPage,
  validateSearch: searchable,
});
const journey = createRoute({
  getParentRoute: () => inside,
  path: "/journeys/$key",
  component: JourneyPage,
});
const journeyMap = createRoute({
  getParentRoute: () => journey,
  path: "/",
  component: lazyRouteComponent(() => import("./map/MapTab"), "MapTab"),
  validateSearch: (search: Search): { node?: string; edit?: boolean } => ({
    node: text(search.node),
    edit: search.edit === true || search.edit === "true" || undefined,
  }),
});
const journeyOverview = createRoute({
  getParentRoute: () => journey,
  path: "/overview",
  component: lazyRouteComponent(() => import("./journeys/OverviewTab"), "OverviewTab"),
});
const journeyTravellers = createRoute({
  getParentRoute: () => journey,
  path: "/travellers",
  component: lazyRouteComponent(() => import("./journeys/TravellersTab"), "TravellersTab"),
});
const journeySimulate = createRoute({
  getParentRoute: () => journey,
  path: "/simulate",
  component: lazyRouteComponent(() => import("./simulate/SimulateTab"), "SimulateTab"),
});
const journeyProblems = createRoute({
  getParentRoute: () => journey,
  path: "/problems",
  component: lazyRouteComponent(() => import("./journeys/ProblemsTab"), "ProblemsTab"),
});
const journeyHistory = createRoute({
  getParentRoute: () => journey,
  path: "/history",
  component: lazyRouteComponent(() => import("./history/HistoryTab"), "HistoryTab"),
  validateSearch: (search: Search): { from?: string; to?: string } => ({
    from: version(search.from),
    to: version(search.to),
  }),
});
const trip = createRoute({
  getParentRoute: () => inside,
  path: "/journeys/$key/travellers/$id",
  component: lazyRouteComponent(() => import("./journeys/TripPage"), "TripPage"),
});
const accounts = createRoute({
  getParentRoute: () => inside,
  path: "/accounts",
  component: AccountsPage,
  validateSearch: searchable,
});
const account = createRoute({
  getParentRoute: () => inside,
  path: "/accounts/$key",
  component: AccountPage,
  validateSearch: tabbed,
});
const people = createRoute({
  getParentRoute: () => inside,
  path: "/people",
  component: PeoplePage,
  validateSearch: searchable,
});
const person = createRoute({
  getParentRoute: () => inside,
  path: "/people/$key",
  component: PersonPage,
  validateSearch: tabbed,
});
const groups = createRoute({
  getParentRoute: () => inside,
  path: "/groups",
  component: lazyRouteComponent(() => import("./groups/GroupsPage"), "GroupsPage"),
  validateSearch: (search: Search): GroupSearch => ({
    ...searchable(search),
    ...tabbed(search),
    interest: text(search.interest),
    stage: text(search.stage),
    missing: text(search.missing),
    below: typeof search.below === "number" ? search.below : undefined,
  }),
});
const group = createRoute({
  getParentRoute: () => inside,
  path: "/groups/$id",
  component: lazyRouteComponent(() => import("./groups/GroupPage"), "GroupPage"),
  validateSearch: tabbed,
});
const lists = createRoute({
  getParentRoute: () => inside,
  path: "/lists",
  component: lazyRouteComponent(() => import("./definitions/SectionPage"), "ListsPage"),
  validateSearch: listed,
});
const content = createRoute({
  getParentRoute: () => inside,
  path: "/content",
  component: lazyRouteComponent(() => import("./definitions/SectionPage"), "ContentPage"),
  validateSearch: listed,
});
const definition = createRoute({
  getParentRoute: () => inside,
  path: "/definitions/$plural/$key",
  component: lazyRouteComponent(() => import("./definitions/DefinitionPage"), "DefinitionPage"),
});
const dashboards = createRoute({
  getParentRoute: () => inside,
  path: "/dashboards",
  component: lazyRouteComponent(() => import("./dashboards/DashboardsPage"), "DashboardsPage"),
  validateSearch: tabbed,
});
const importing = createRoute({
  getParentRoute: () => inside,
  path: "/import",
  component: lazyRouteComponent(() => import("./imports/ImportPage"), "ImportPage"),
  validateSearch: (search: Search): { kind?: string } => ({ kind: text(search.kind) }),
});
const admin = createRoute({
  getParentRoute: () => inside,
  path: "/admin",
  component: lazyRouteComponent(() => import("./admin/AdminPage"), "AdminPage"),
  validateSearch: listed,
});
const messages = createRoute({
  getParentRoute: () => inside,
  path: "/messages",
  component: MessagesPage,
  validateSearch: (search: Search): { id?: string } => ({
    id: typeof search.id === "number" ? String(search.id) : text(search.id),
  }),
});
const problems = createRoute({
  getParentRoute: () => inside,
  path: "/problems",
  component: ProblemsPage,
});

const routeTree = root.addChildren([
  signIn,
  inside.addChildren([
    home,
    journeys,
    journey.addChildren([
      journeyMap,
      journeyOverview,
      journeyTravellers,
      journeySimulate,
      journeyProblems,
      journeyHistory,
    ]),
    trip,
    accounts,
    account,
    people,
    person,
    groups,
    group,
    lists,
    content,
    definition,
    dashboards,
    importing,
    admin,
    messages,
    problems,
  ]),
]);

export const makeRouter = (cache: QueryClient) =>
  createRouter({
    routeTree,
    context: { cache },
    defaultPreload: "intent",
    defaultErrorComponent: Fault,
    defaultNotFoundComponent: NotFound,
    scrollRestoration: true,
  });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
