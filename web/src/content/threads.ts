// Comments as threads, and the blocks of the design that they are pinned to. No React in here.
import type { Component, Editor } from "grapesjs";
import type { Comment } from "../api/types";

/** The attribute by which comments name a block; it does not leave with a message. */
export const PIN = "data-comment";

export type Thread = {
  first: Comment;
  answers: Comment[];
  /** Of a thread whose block the design holds: the number of its pin. */
  pin: number | undefined;
};

/** Threads, oldest first; those that are pinned to a block that is there are numbered in that order. */
export function threadsOf(
  comments: Comment[],
  resolvedToo: boolean,
  holds: (block: string) => boolean,
): Thread[] {
  let pins = 0;
  return comments
    .filter(({ answers, resolved_by }) => answers === null && (resolvedToo || !resolved_by))
    .map((first) => ({
      first,
      answers: comments.filter(({ answers }) => answers === first.id),
      pin: first.block && holds(first.block) ? ++pins : undefined,
    }));
}

/** A text as it is quoted in an answer, with room for what is said of it. */
export const quoted = (text: string) =>
  `${text
    .split("\n")
    .filter((line) => !line.startsWith(">"))
    .map((line) => `> ${line}`)
    .join("\n")}\n`;

/** The first block of a design that carries this id. */
export function blockOf(editor: Editor, id: string): Component | undefined {
  const within = (component: Component): Component | undefined => {
    if (component.getAttributes()[PIN] === id) return component;
    for (const child of component.components().models) {
      const found = within(child);
      if (found) return found;
    }
    return undefined;
  };
  const whole = editor.getWrapper();
  return whole && within(whole);
}

/** The id by which comments name a block; one without gets it. */
export function idOf(block: Component): string {
  const own = block.getAttributes()[PIN];
  if (typeof own === "string" && own !== "") return own;
  const bytes = crypto.getRandomValues(new Uint8Array(5));
  const id = `c${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  block.addAttributes({ [PIN]: id });
  return id;
}

/** Where the code says which block this is. */
export function pinnedAt(code: string, id: string): { from: number; to: number } | undefined {
  const said = `${PIN}="${id}"`;
  const at = code.indexOf(said);
  if (at < 0) return undefined;
  // The whole opening tag of the element.
  const from = code.lastIndexOf("<", at);
  const end = code.indexOf(">", at + said.length);
  return { from: Math.max(from, 0), to: end < 0 ? at + said.length : end + 1 };
}
