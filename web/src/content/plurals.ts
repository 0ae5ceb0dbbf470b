// Content that journeys freeze when they are published, as it stands in addresses.

const PLURALS = { email: "emails", sms_message: "sms_messages", fragment: "fragments" } as const;

export type Frozen = (typeof PLURALS)[keyof typeof PLURALS];

export const pluralOf = (kind: unknown): Frozen =>
  PLURALS[kind as keyof typeof PLURALS] ?? PLURALS.email;
