import "@fontsource-variable/inter/wght.css";
import "@mantine/core/styles.layer.css";
import "@mantine/notifications/styles.layer.css";
import "./styles.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { whenSignedOut } from "./api/client";
import { ApiError } from "./api/problem";
import { sessionQuery } from "./api/queries";
import { makeRouter } from "./router";
import { cssVariables, theme } from "./theme";

/** A refusal does not get better by repeating it; a lost connection may. */
const mayHelp = (failures: number, error: unknown) =>
  failures < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500);

const cache = new QueryClient({
  defaultOptions: { queries: { retry: mayHelp, staleTime: 2_000 } },
});
const router = makeRouter(cache);

whenSignedOut(() => {
  if (cache.getQueryData(sessionQuery.queryKey) === null) return;
  cache.setQueryData(sessionQuery.queryKey, null);
  void router.invalidate();
});

const container = document.getElementById("root");
if (container) {
  createRoot(container).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
        <Notifications position="bottom-right" />
        <QueryClientProvider client={cache}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
