import type { WebhookMessage } from "../api/types";
import { failedOf, settledOf } from "./log";

const message = (state: WebhookMessage["state"]): WebhookMessage => ({
  id: `eff_${state}`,
  webhook_id: `msg_${state}`,
  type: "email_clicked",
  state,
  queued_at: "2026-11-26T18:00:00Z",
});
const LOG = (["waiting", "delivered", "failed", "skipped"] as const).map(message);
const states = (messages: WebhookMessage[]) => messages.map(({ state }) => state);

it("sends again what was settled, and all at once only what the receiver never took", () => {
  expect(states(settledOf(LOG))).toEqual(["delivered", "failed", "skipped"]);
  expect(states(failedOf(LOG))).toEqual(["failed"]);
});
