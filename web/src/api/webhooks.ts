// Webhooks: their messages, sending them again, and the secret that signs them.
import { body, client } from "./client";
import { pages } from "./queries";

const at = (key: string) => ({ params: { path: { key } } });

/** Those that wait, the next one first, then the settled ones, newest first. */
export const messagesQuery = (webhook: string) => ({
  ...pages(["webhook", webhook, "messages"], async (cursor) => {
    const log = await body(
      client.GET("/api/v1/webhooks/{key}/messages", {
        params: { path: { key: webhook }, query: { limit: 50, cursor } },
      }),
    );
    return { items: [...log.waiting, ...log.items], next_cursor: log.next_cursor ?? null };
  }),
  refetchInterval: 5_000,
});

/** The same message with the same id once more. */
export const sendAgain = (webhook: string, id: string) =>
  body(
    client.POST("/api/v1/webhooks/{key}/messages/{id}/resend", {
      params: { path: { key: webhook, id } },
    }),
  );

/** The only answer that ever holds the secret. */
export const makeSigningSecret = (webhook: string) =>
  body(client.POST("/api/v1/webhooks/{key}/signing_secret", at(webhook)));
