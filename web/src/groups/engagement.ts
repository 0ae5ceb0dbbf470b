// Which activities are something that a person did, and not a change that others made to them.
import type { Activity } from "../api/types";

const DID = [
  "email_opened",
  "email_clicked",
  "email_unsubscribed",
  "sms_opted_out",
  "interesting_moment",
];
const DID_BEGINS = ["page_", "form_", "link_", "sms_clicked", "sms_received"];

/** Email, web, forms and interesting moments. */
export const isEngagement = ({ type }: Activity) =>
  DID.includes(type) || DID_BEGINS.some((begin) => type.startsWith(begin));
