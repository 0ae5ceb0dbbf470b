/** What narrows the list of buying groups; it stands in the address. */
export type GroupSearch = {
  q?: string | undefined;
  tab?: string | undefined;
  /** The states that a list of definitions under a tab shows. */
  state?: string | undefined;
  interest?: string | undefined;
  stage?: string | undefined;
  /** A role that nobody in the group has. */
  missing?: string | undefined;
  /** A role that somebody in the group has. */
  present?: string | undefined;
  status?: string | undefined;
  /** Completeness from this. */
  above?: number | undefined;
  /** Completeness up to this. */
  below?: number | undefined;
  /** Engagement from this. */
  engagedFrom?: number | undefined;
  /** Engagement up to this. */
  engagedTo?: number | undefined;
  /** How far back the boards look, in days from today. */
  days?: number | undefined;
};
