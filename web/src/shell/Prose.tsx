// Sentences of the server, in which code stands between backticks.
import { Code } from "@mantine/core";
import type { ReactNode } from "react";

/** “Write it like `3d`.” with `3d` set as code; an odd backtick is a backtick. */
export function prose(text: string): ReactNode {
  if (!text.includes("`")) return text;
  const parts = text.split("`");
  if (parts.length % 2 === 0) return text;
  // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a sentence never change order
  return parts.map((part, n) => (n % 2 === 1 ? <Code key={n}>{part}</Code> : part));
}
