// Renders a component inside what the app gives every component: theme, cache and router.
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterContextProvider,
  RouterProvider,
} from "@tanstack/react-router";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { rolesQuery } from "./api/admin";
import { sessionQuery } from "./api/queries";
import { theme } from "./theme";

/** Signs somebody in whose role holds these permissions and no others. */
export function signIn(cache: QueryClient, ...permissions: string[]) {
  const role = { role: "tested", permissions: permissions.map((key) => ({ key })) };
  cache.setQueryData(sessionQuery.queryKey, { user: { role: role.role } } as never);
  cache.setQueryData(rolesQuery.queryKey, { items: [role] } as never);
}

type Seed = (cache: QueryClient) => void;

const seeded = (seed: Seed) => {
  const cache = new QueryClient({
    defaultOptions: { queries: { retry: false, staleTime: Number.POSITIVE_INFINITY } },
  });
  seed(cache);
  return cache;
};

/** The same as a page at an address, for what reads or changes it. */
export async function renderAt(
  address: string,
  children: ReactNode,
  seed: Seed = () => {},
  path = "/",
) {
  const cache = seeded(seed);
  const root = createRootRoute({ notFoundComponent: () => null });
  const inside = createRoute({ getParentRoute: () => root, id: "inside" });
  const page = createRoute({ getParentRoute: () => inside, path, component: () => children });
  const router = createRouter({
    routeTree: root.addChildren([inside.addChildren([page])]),
    history: createMemoryHistory({ initialEntries: [address] }),
  });
  await router.load();
  const view = render(
    <MantineProvider theme={theme} env="test">
      <QueryClientProvider client={cache}>
        <RouterProvider router={router as never} />
      </QueryClientProvider>
    </MantineProvider>,
  );
  return { ...view, cache, router };
}

/** `seed` puts into the cache what the server would have answered. */
export function renderInApp(children: ReactNode, seed: Seed = () => {}) {
  const cache = seeded(seed);
  const router = createRouter({ routeTree: createRootRoute(), history: createMemoryHistory() });
  const view = render(
    <MantineProvider theme={theme} env="test">
      <QueryClientProvider client={cache}>
        <RouterContextProvider router={router}>{children}</RouterContextProvider>
      </QueryClientProvider>
    </MantineProvider>,
  );
  return { ...view, cache };
}
