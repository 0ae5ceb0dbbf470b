// Sentences of the server, in which code stands between backticks and names of the app between asterisks, and instants
// are told in the reader's zone.
import { Code } from "@mantine/core";
import { Fragment, type ReactNode } from "react";
import { inReadersZone } from "./format";

/** “Press *Connect*”, not “2 * 3 * 4” or “a*b*c”: an asterisk opens and closes at the edges of words. */
const EMPHASIS = /(?<![\w*])\*([^\s*](?:[^*]*[^\s*])?)\*(?![\w*])/;

/** “Write it like `3d`.” with `3d` set as code, and *so* as emphasis; an odd backtick is a backtick. */
export function prose(text: string): ReactNode {
  const parts = text.split("`");
  if (parts.length === 1 || parts.length % 2 === 0) return emphasised(text);
  return parts.map((part, n) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a sentence never change order
    n % 2 === 1 ? <Code key={n}>{part}</Code> : <Fragment key={n}>{emphasised(part)}</Fragment>,
  );
}

function emphasised(sentence: string): ReactNode {
  const text = inReadersZone(sentence);
  if (!text.includes("*")) return text;
  // Every second part is what one pair of asterisks held.
  const parts = text.split(EMPHASIS);
  if (parts.length === 1) return text;
  // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a sentence never change order
  return parts.map((part, n) => (n % 2 === 1 ? <em key={n}>{part}</em> : part));
}
