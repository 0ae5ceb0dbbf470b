import type { Activity } from "../api/types";
import { isEngagement } from "./engagement";

it("tells what a person did from what was done to them", () => {
  const is = (type: string) => isEngagement({ type } as Activity);
  expect(
    ["email_clicked", "page_viewed", "form_filled", "interesting_moment", "sms_clicked"].map(is),
  ).toEqual([true, true, true, true, true]);
  expect(
    ["person_changed", "email_sent", "assigned_to_buying_group", "score_changed", "sms_sent"].map(
      is,
    ),
  ).toEqual([false, false, false, false, false]);
});
