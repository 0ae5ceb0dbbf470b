/** What the dashboards are narrowed by; it stands in the address, so that a picture can be sent to somebody. */
export type BoardSearch = {
  tab?: string | undefined;
  journey?: string | undefined;
  interest?: string | undefined;
  /** Back from today. */
  days?: number | undefined;
};
