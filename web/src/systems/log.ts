// Which messages of a webhook's log can be sent again. No React in here.
import type { WebhookMessage } from "../api/types";

/** What waits is tried by itself; everything else can be sent again. */
export const settledOf = (messages: WebhookMessage[]) =>
  messages.filter(({ state }) => state !== "waiting");

/** Those that the receiver never took; what somebody gave up stays given up. */
export const failedOf = (messages: WebhookMessage[]) =>
  messages.filter(({ state }) => state === "failed");
