// Which activities are something that a person did, and not a change that others made to them.

/** Email, web, forms and interesting moments, as the API narrows a timeline. */
export const DEEDS = [
  "email_opened",
  "email_clicked",
  "email_unsubscribed",
  "sms_opted_out",
  "sms_clicked*",
  "sms_received*",
  "interesting_moment",
  "page_*",
  "form_*",
  "link_*",
].join(",");
