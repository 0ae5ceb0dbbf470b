// What became of messages, in numbers.
import { queryOptions } from "@tanstack/react-query";
import { client } from "./client";
import { toApiError } from "./problem";

export type MessageFigures = {
  message?: string | null;
  channel: string;
  sent: number;
  delivered: number;
  opened: number;
  clicked: number;
  bounced: number;
  unsubscribes: number;
  delivery_rate: number | null;
  open_rate: number | null;
  click_rate: number | null;
};

/** One row per email or text message; `days` back from now, or all time. */
export const messageFiguresQuery = (days: number | undefined) =>
  queryOptions({
    queryKey: ["figures", days ?? "all"],
    queryFn: async () => {
      const from = days && new Date(Date.now() - days * 86_400_000).toISOString();
      const made = client.GET(
        "/api/v1/messages/figures" as never,
        { params: { query: { by: "message", ...(from ? { from } : {}) } } } as never,
      ) as unknown as Promise<{ data?: unknown; error?: unknown; response: Response }>;
      const { data, error, response } = await made;
      if (!response.ok) throw toApiError(response.status, error);
      return data as { items: MessageFigures[] };
    },
    staleTime: 10_000,
  });
