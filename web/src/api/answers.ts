// Answers to text messages that somebody shall look at: what may be asked and done.
import { body, client } from "./client";
import { pages } from "./queries";

export type AnswerState = "open" | "done";

export const answersQuery = (state: AnswerState = "open", q = "") => ({
  ...pages(["text_answers", state, q], (cursor) =>
    body(
      client.GET("/api/v1/text_answers", {
        params: { query: { limit: 50, cursor, state, q: q || undefined } },
      }),
    ),
  ),
  refetchInterval: 20_000,
});

/** Somebody has looked at answers, or they wait again. */
export const settleAnswers = (state: AnswerState, ids: string[]) =>
  body(
    state === "done"
      ? client.POST("/api/v1/text_answers/done", { body: { ids } })
      : client.POST("/api/v1/text_answers/open", { body: { ids } }),
  );
