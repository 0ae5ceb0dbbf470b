// Renders a component inside what the app gives every component.
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { theme } from "./theme";

/** `seed` puts into the cache what the server would have answered. */
export function renderInApp(children: ReactNode, seed: (cache: QueryClient) => void = () => {}) {
  const cache = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  seed(cache);
  const view = render(
    <MantineProvider theme={theme} env="test">
      <QueryClientProvider client={cache}>{children}</QueryClientProvider>
    </MantineProvider>,
  );
  return { ...view, cache };
}
