// Every address of the app. The URL holds what is open, so that any view can be linked to.
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { journeysQuery, organisationQuery, PLACES, sessionQuery } from "./api/queries";
import type { JourneyRow } from "./api/types";
import type { BoardSearch } from "./dashboards/search";
import type { GroupSearch } from "./groups/search";
import { JourneysPage } from "./journeys/JourneysPage";
import type { Shown } from "./map/shown";
import { SignInPage } from "./session/SignInPage";
import { Fault, NotFound } from "./shell/Fault";
import { Shell } from "./shell/Shell";

type Search = Record<string, unknown>;
const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
/** `draft`, or the number of a version. */
const version = (value: unknown) => (typeof value === "number" ? String(value) : text(value));
/** The search box stands in the address as `q`. */
const figure = (value: unknown) => (typeof value === "number" ? value : undefined);
const searchable = (search: Search): { q?: string } => ({ q: text(search.q) });
const tabbed = (search: Search): { tab?: string } => ({ tab: text(search.tab) });
const stated = (search: Search): { q?: string; state?: string } => ({
  ...searchable(search),
  state: text(search.state),
});
const listed = (search: Search): { q?: string; state?: string; tab?: string } => ({
  ...stated(search),
  ...tabbed(search),
});

/** Accounts and people also by why they are passed over. */
const narrowed = (search: Search): { q?: string; passed?: string } => ({
  ...searchable(search),
  passed: text(search.passed),
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
  beforeLoad: async ({ context }) => {
    throw redirect(await firstPage(context.cache));
  },
});

/** The first steps while nothing is drawn; a demo opens on the journey in which most is going on. */
async function firstPage(cache: QueryClient) {
  const [organisation, drawn] = await Promise.all([
    cache.ensureQueryData(organisationQuery),
    cache.fetchInfiniteQuery(journeysQuery("")),
  ]);
  const journeys = drawn.pages.flatMap(({ items }) => items);
  if (journeys.length === 0) return { to: "/welcome" } as const;
  const active = (row: JourneyRow) => (row.state === "live" ? (row.travellers.active ?? 0) : -1);
  const busiest = journeys.reduce((most, row) => (active(row) > active(most) ? row : most));
  if (!organisation.demo) return { to: "/journeys" } as const;
  return { to: "/journeys/$key", params: { key: busiest.key } } as const;
}

const welcome = createRoute({
  getParentRoute: () => inside,
  path: "/welcome",
  component: lazyRouteComponent(() => import("./welcome/WelcomePage"), "WelcomePage"),
});
const journeys = createRoute({
  getParentRoute: () => inside,
  path: "/journeys",
  component: JourneysPage,
  validateSearch: stated,
});
const journey = createRoute({
  getParentRoute: () => inside,
  path: "/journeys/$key",
  component: lazyRouteComponent(() => import("./journeys/JourneyPage"), "JourneyPage"),
});
const journeyMap = createRoute({
  getParentRoute: () => journey,
  path: "/",
  component: lazyRouteComponent(() => import("./map/MapTab"), "MapTab"),
  validateSearch: (search: Search): Shown & { node?: string; edit?: boolean } => ({
    node: text(search.node),
    show: PLACES.find((place) => place === search.show),
    path: text(search.path),
    outcome: text(search.outcome),
    reason: text(search.reason),
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
  validateSearch: stated,
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
  validateSearch: searchable,
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
  component: lazyRouteComponent(() => import("./accounts/AccountsPage"), "AccountsPage"),
  validateSearch: narrowed,
});
const account = createRoute({
  getParentRoute: () => inside,
  path: "/accounts/$key",
  component: lazyRouteComponent(() => import("./accounts/AccountPage"), "AccountPage"),
  validateSearch: listed,
});
/** Where a button of the CRM leads: to the page of the account or person that has its id. */
const crm = createRoute({
  getParentRoute: () => inside,
  path: "/crm/$kind/$id",
  component: lazyRouteComponent(() => import("./customers/CrmPage"), "CrmPage"),
});
const people = createRoute({
  getParentRoute: () => inside,
  path: "/people",
  component: lazyRouteComponent(() => import("./people/PeoplePage"), "PeoplePage"),
  validateSearch: narrowed,
});
const person = createRoute({
  getParentRoute: () => inside,
  path: "/people/$key",
  component: lazyRouteComponent(() => import("./people/PersonPage"), "PersonPage"),
  validateSearch: tabbed,
});
const groups = createRoute({
  getParentRoute: () => inside,
  path: "/groups",
  component: lazyRouteComponent(() => import("./groups/GroupsPage"), "GroupsPage"),
  validateSearch: (search: Search): GroupSearch => ({
    ...listed(search),
    interest: text(search.interest),
    stage: text(search.stage),
    missing: text(search.missing),
    present: text(search.present),
    status: text(search.status),
    above: figure(search.above),
    below: figure(search.below),
    engagedFrom: figure(search.engagedFrom),
    engagedTo: figure(search.engagedTo),
    days: figure(search.days),
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
  // The journey from which it was opened, and the comment to which a letter led.
  validateSearch: (search: Search): { tab?: string; journey?: string; comment?: number } => ({
    ...tabbed(search),
    journey: text(search.journey),
    comment: Number(search.comment) || undefined,
  }),
});
const dashboards = createRoute({
  getParentRoute: () => inside,
  path: "/dashboards",
  component: lazyRouteComponent(() => import("./dashboards/DashboardsPage"), "DashboardsPage"),
  validateSearch: (search: Search): BoardSearch => ({
    ...tabbed(search),
    journey: text(search.journey),
    interest: text(search.interest),
    days: typeof search.days === "number" ? search.days : undefined,
  }),
});
const importing = createRoute({
  getParentRoute: () => inside,
  path: "/import",
  component: lazyRouteComponent(() => import("./imports/ImportPage"), "ImportPage"),
  validateSearch: (search: Search): { kind?: string; tab?: string } => ({
    ...tabbed(search),
    kind: text(search.kind),
  }),
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
  component: lazyRouteComponent(() => import("./messages/MessagesPage"), "MessagesPage"),
  validateSearch: (search: Search): { id?: string; q?: string } => ({
    id: typeof search.id === "number" ? String(search.id) : text(search.id),
    q: text(search.q),
  }),
});
const exports = createRoute({
  getParentRoute: () => inside,
  path: "/exports",
  component: lazyRouteComponent(() => import("./exports/ExportsPage"), "ExportsPage"),
});
const consent = createRoute({
  getParentRoute: () => inside,
  path: "/consent",
  component: lazyRouteComponent(() => import("./systems/ConsentPage"), "ConsentPage"),
});
const problems = createRoute({
  getParentRoute: () => inside,
  path: "/problems",
  component: lazyRouteComponent(() => import("./problems/ProblemsPage"), "ProblemsPage"),
  validateSearch: listed,
});

/** Any other address: the frame stays, so that one can go on from there. */
const nowhere = createRoute({ getParentRoute: () => inside, path: "$", component: NotFound });

const routeTree = root.addChildren([
  signIn,
  inside.addChildren([
    home,
    welcome,
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
    crm,
    groups,
    group,
    lists,
    content,
    definition,
    dashboards,
    importing,
    exports,
    admin,
    messages,
    consent,
    problems,
    nowhere,
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
