// What became of messages and buying groups, in numbers.
import { queryOptions } from "@tanstack/react-query";
import { body, client } from "./client";

/** What a dashboard narrows messages by. */
export type MessageFilter = {
  /** Back from now; left out: all time. */
  days?: number | undefined;
  journey?: string | undefined;
};

const since = (days: number | undefined) =>
  days === undefined ? {} : { from: new Date(Date.now() - days * 86_400_000).toISOString() };

/** One row for each email or text message, or for each message at each node. */
export const messageFiguresQuery = ({ days, journey }: MessageFilter) =>
  queryOptions({
    queryKey: ["figures", days ?? "all", journey ?? ""],
    queryFn: () =>
      body(
        client.GET("/api/v1/messages/figures", {
          params: { query: { by: "message", ...since(days), ...(journey ? { journey } : {}) } },
        }),
      ),
    staleTime: 10_000,
  });

/** A journey by day, compared by version and variant; of those who entered in the last days, or of all. */
export const journeyFiguresQuery = (key: string, days?: number) =>
  queryOptions({
    queryKey: ["journey", key, "figures", days ?? "all"],
    queryFn: () =>
      body(
        client.GET("/api/v1/journeys/{key}/figures", {
          params: { path: { key }, query: since(days) },
        }),
      ),
    staleTime: 10_000,
    refetchInterval: 10_000,
  });

export type GroupFigureFilter = { interest?: string | undefined; stage?: string | undefined };

export const groupFiguresQuery = ({ interest, stage }: GroupFigureFilter) =>
  queryOptions({
    queryKey: ["groups", "figures", interest ?? "", stage ?? ""],
    queryFn: () =>
      body(
        client.GET("/api/v1/buying_groups/figures", {
          params: {
            query: {
              ...(interest ? { solution_interest: interest } : {}),
              ...(stage === undefined ? {} : { stage }),
            },
          },
        }),
      ),
    staleTime: 10_000,
  });

/** Scores of buying groups day by day. */
export const groupDaysQuery = (days: number, interest: string | undefined) =>
  queryOptions({
    queryKey: ["groups", "days", days, interest ?? ""],
    queryFn: () =>
      body(
        client.GET("/api/v1/buying_groups/days", {
          params: { query: { days, ...(interest ? { solution_interest: interest } : {}) } },
        }),
      ),
    staleTime: 60_000,
  });
