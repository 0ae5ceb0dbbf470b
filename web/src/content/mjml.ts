// What the designer cannot draw is kept beside it: the head, tags of the template between blocks, pieces without a frame.
// Everything is put back in its place when the code is taken out again. No React in here.
import { takenBy } from "./fields";

/** Elements whose children are blocks; what stands between those is no text. */
const HOLDERS = new Set(["mjml", "mj-body", "mj-wrapper", "mj-section", "mj-group", "mj-column"]);
/** The element that stands for a tag of the template between blocks. */
export const MARK = "cv-tag";

const HEAD = /<mj-head\s*\/>|<mj-head[\s>][\s\S]*?<\/mj-head>/;
const TAG = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g;
const ENTITIES: [string, string][] = [
  ["&quot;", '"'],
  ["&#039;", "'"],
  ["&#39;", "'"],
  ["&lt;", "<"],
  ["&gt;", ">"],
  ["&amp;", "&"],
];

/** How a text is framed while it is drawn, and how it is taken out again. */
export type Framed = {
  /** A whole document that the designer opens. */
  drawn: string;
  /** Its head, for those who render parts of it. */
  head: string;
  /** The element around a piece that is no document, which is not kept; empty: it is one. */
  inside: string;
  /** The text as it is kept, from the designer's own. */
  kept: (code: string) => string;
};

export function framed(mjml: string): Framed {
  const frame = frameOf(mjml);
  const whole = frame.before + mjml + frame.after;
  const head = HEAD.exec(whole)?.[0] ?? "";
  const drawn = marked(whole.replace(HEAD, ""));
  return {
    drawn,
    head,
    inside: frame.inside,
    kept: (code) => unframed(withHead(keptCode(code), head), frame),
  };
}

type Frame = { before: string; after: string; inside: string };

/** Fragments hold pieces: sections, or what stands in a column. */
function frameOf(mjml: string): Frame {
  const first = /<(mj[\w-]*)/.exec(mjml)?.[1];
  if (first === "mjml" || (first === undefined && mjml.trim() !== "")) return NO_FRAME;
  const sections = ["mj-section", "mj-wrapper", "mj-hero", "mj-raw"].includes(first ?? "");
  const [before, after] = sections
    ? ["<mjml><mj-body>", "</mj-body></mjml>"]
    : ["<mjml><mj-body><mj-section><mj-column>", "</mj-column></mj-section></mj-body></mjml>"];
  return { before, after, inside: sections ? "mj-body" : "mj-column" };
}

const NO_FRAME: Frame = { before: "", after: "", inside: "" };

function unframed(code: string, frame: Frame): string {
  if (frame.inside === "") return code;
  const opening = new RegExp(`<${frame.inside}(?:\\s[^>]*)?>`).exec(code);
  const end = code.lastIndexOf(`</${frame.inside}>`);
  if (!opening || end < 0) return code;
  return code.slice(opening.index + opening[0].length, end);
}

function withHead(code: string, head: string): string {
  if (head === "") return code;
  return code.replace(/<mjml(?:\s[^>]*)?>/, (opening) => `${opening}\n  ${head}`);
}

const XML_ENTITY = /&(?!(?:amp|lt|gt|quot|apos);)[a-zA-Z][a-zA-Z0-9]*;/g;
const UNCLOSED = /<(br|hr|img|wbr|input)\b((?:"[^"]*"|'[^']*'|[^>"'])*?)\s*\/?>/gi;

/**
 * Markup as XML reads it. Whoever writes into a text makes HTML: named characters and elements without an end, on which the
 * designer's reader would give up and lose the text.
 */
export const asXml = (markup: string) =>
  markup
    .replace(XML_ENTITY, (name) => {
      const read = new DOMParser().parseFromString(name, "text/html").body.textContent ?? "";
      return read.replaceAll("&", "&amp;");
    })
    .replace(UNCLOSED, "<$1$2/>");

/** Templates are written with plain quotes, whatever an editor of markup made of them. */
export const plainTags = (code: string) =>
  code.replaceAll(TAG, (tag) =>
    ENTITIES.reduce((text, [entity, sign]) => text.replaceAll(entity, sign), tag),
  );

/** What the designer says, as it is kept. */
export const keptCode = (code: string) => plainTags(unmarked(code));

/** Tags of the template that stand between blocks become elements, so that they can be seen, moved and kept. */
export function marked(mjml: string, holder?: string): string {
  const open: string[] = holder ? [holder] : [];
  let out = "";
  let at = 0;
  for (const match of mjml.matchAll(
    /<!--[\s\S]*?-->|<(\/?)([\w-]+)(?:"[^"]*"|'[^']*'|[^'">])*?(\/?)>/g,
  )) {
    const [element, closing, name = "", empty] = match;
    out += between(mjml.slice(at, match.index), open.at(-1));
    at = match.index + element.length;
    if (name !== "" && closing) open.splice(Math.max(open.lastIndexOf(name), 0));
    else if (name !== "" && !empty) open.push(name);
    out += element;
  }
  return out + between(mjml.slice(at), open.at(-1));
}

function between(text: string, holder: string | undefined): string {
  if (!holder || !HOLDERS.has(holder)) return text;
  return text.replaceAll(TAG, (tag) => `<${MARK}>${escaped(tag)}</${MARK}>`);
}

const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const unmarked = (code: string) =>
  code.replaceAll(new RegExp(`<${MARK}[^>]*>([\\s\\S]*?)</${MARK}>`, "g"), "$1");

/** What a tag of the template says, for people; none: it is shown as it is written. */
export type Said =
  | { what: "if" | "elif"; name: string }
  | { what: "else" | "end" }
  | { what: "fragment"; name: string };

export function saidBy(tag: string): Said | undefined {
  const asked = /\{%-?\s*(if|elif)\s+([\s\S]+?)\s*-?%\}/.exec(tag);
  if (asked?.[1] && asked[2]) {
    const name = asked[2].replace(/^condition\./, "");
    return { what: asked[1] as "if" | "elif", name };
  }
  if (/\{%-?\s*else\s*-?%\}/.test(tag)) return { what: "else" };
  if (/\{%-?\s*endif\s*-?%\}/.test(tag)) return { what: "end" };
  const taken = takenBy(tag);
  return taken ? { what: "fragment", name: taken.key } : undefined;
}
