// Renders a component inside what the app gives every component: theme, cache and router.
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRouter,
  RouterContextProvider,
} from "@tanstack/react-router";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { theme } from "./theme";

/** `seed` puts into the cache what the server would have answered. */
export function renderInApp(children: ReactNode, seed: (cache: QueryClient) => void = () => {}) {
  const cache = new QueryClient({
    defaultOptions: { queries: { retry: false, staleTime: Number.POSITIVE_INFINITY } },
  });
  const router = createRouter({ routeTree: createRootRoute(), history: createMemoryHistory() });
  seed(cache);
  const view = render(
    <MantineProvider theme={theme} env="test">
      <QueryClientProvider client={cache}>
        <RouterContextProvider router={router}>{children}</RouterContextProvider>
      </QueryClientProvider>
    </MantineProvider>,
  );
  return { ...view, cache };
}
