// What the designer does to blocks beside drawing them: showing them only for some, taking fragments in, leaving parts open.
import type { Component, Editor } from "grapesjs";
import { strings } from "../strings";
import { fieldIn, fieldTag, includesIn, tagFor, takenBy, withoutMarkup } from "./fields";
import { keptCode, MARK, marked, plainTags, saidBy } from "./mjml";
import { PIN } from "./threads";
import {
  asking,
  type Chain,
  chainAt,
  type Plan,
  piecesOf,
  type Row,
  renamedIn,
  seenAtOnce,
  unitsOf,
} from "./variants";

const text = strings.content.parts;

/** Whether a tag belongs to variants, of which it cannot be taken away alone. */
export const isOfChain = (tag: string) =>
  ["if", "elif", "else", "end"].includes(saidBy(plainTags(tag))?.what ?? "");

/** What a component holds, as it is kept. */
export const innerOf = (component: Component) =>
  component
    .components()
    .map((child: Component) => String(child.get("content") ?? child.toHTML()))
    .join("") || String(component.get("content") ?? "");

/** The elements that can be shown or left out as a whole. */
const BLOCKS = /^mj-(section|wrapper|hero|column|text|button|image|divider|spacer|social|navbar)$/;

/** The block that is chosen, or the one around what is chosen. */
export function chosenBlock(editor: Editor): Component | undefined {
  let at = editor.getSelected();
  while (at && !BLOCKS.test(String(at.get("type")))) at = at.parent();
  return at;
}

const tagOf = (source: string) => ({
  type: MARK,
  tagName: MARK,
  components: [{ type: "textnode", content: source }],
});

/** The rows of a holder: its tags, and blocks. */
const rowsOf = (holder: Component): Row[] => holder.components().models.map(tagIn);

/** The template's tag that a component stands for. */
export const tagIn = (component: Component): Row =>
  component.get("type") === MARK ? plainTags(innerOf(component)) : undefined;

/** What may depend on who reads: a block with what it lies in, or the variants whose tag is chosen. */
export type Level = { name: "block" | "column" | "section" | "chain"; component: Component };
const LEVELS: [RegExp, Level["name"]][] = [
  [/^mj-(section|wrapper|hero)$/, "section"],
  [/^mj-column$/, "column"],
  [BLOCKS, "block"],
];

/** `inside`: the element around a piece; it and what is around it are not kept, and depend on nothing. */
export function levelsOf(editor: Editor, inside = ""): Level[] {
  const chosen = editor.getSelected();
  const tag = chosen && tagIn(chosen);
  if (chosen && tag && isOfChain(tag)) {
    return [{ name: "chain", component: chosen }];
  }
  const levels: Level[] = [];
  for (let at = chosen; at; at = at.parent()) {
    const type = String(at.get("type"));
    if (type === inside) break;
    const fragment = takenBy(tagIn(at) ?? "") ? "block" : undefined;
    const name = fragment ?? LEVELS.find(([of]) => of.test(type))?.[1];
    if (name && !levels.some((level) => level.name === name)) levels.push({ name, component: at });
  }
  return levels;
}

/** The variants among which a component stands. */
export function chainOf(component: Component): Chain {
  const holder = component.parent();
  return chainAt(holder ? rowsOf(holder) : [], component.index());
}

/** Whether a template locks something among the variants around a component, so that no copy can be made. */
export function isLocked(component: Component): boolean {
  const { from, to } = chainOf(component);
  const all = component.parent()?.components().models.slice(from, to) ?? [];
  return all.some((each) => !isOfChain(tagIn(each) ?? "") && each.get("copyable") === false);
}

/** Makes of the variants around a component what a plan says. */
export function arrange(component: Component, plan: Plan) {
  const holder = component.parent();
  if (!holder) return;
  const chain = chainOf(component);
  const all = [...holder.components().models];
  const made = piecesOf(plan, chain).flatMap((piece): Made[] =>
    typeof piece === "string"
      ? [tagOf(piece)]
      : all.slice(piece.of.from, piece.of.to).map((each) => copyOf(each, piece.copy)),
  );
  replaceIn(holder, chain, made);
  shareWidth(holder);
}

type Made = ReturnType<typeof tagOf> | Component | string;

/** Puts something in the place of rows; what stands there now. */
function replaceIn(holder: Component, { from, to }: Pick<Chain, "from" | "to">, made: Made[]) {
  const old = holder.components().models.slice(from, to);
  const now = holder.append(made, { at: to });
  for (const each of old) each.remove();
  return now;
}

/** What is there twice has no comments of its own. */
function copyOf(component: Component, another: boolean): Component {
  const copy = component.clone();
  if (another) within(copy, (each) => each.getAttributes()[PIN] && each.removeAttributes(PIN));
  return copy;
}

function within(component: Component, does: (each: Component) => void) {
  does(component);
  for (const child of component.components().models) within(child, does);
}

/** Columns would be as narrow as if all variants stood beside each other; each says how wide it is instead. */
function shareWidth(holder: Component) {
  if (!/^mj-(section|group)$/.test(String(holder.get("type")))) return;
  const rows = rowsOf(holder);
  const beside = seenAtOnce(rows);
  const apart = rows.filter((row) => row === undefined).length > beside;
  if (!apart || beside === 0) return;
  for (const column of holder.components().models) {
    if (column.get("type") !== "mj-column" || column.getAttributes().width) continue;
    column.addAttributes({ width: `${Math.round(10_000 / beside) / 100}%` });
  }
}

/** Gives a condition another name wherever the design asks for it. */
export function renameCondition(editor: Editor, old: string, next: string) {
  const whole = editor.getWrapper();
  if (!whole) return;
  within(whole, (each) => {
    const content = each.get("content");
    if (typeof content === "string" && content.includes(asking(old))) {
      each.set("content", renamedIn(content, old, next));
    }
    for (const [name, value] of Object.entries(each.getAttributes())) {
      if (typeof value === "string" && value.includes(asking(old))) {
        each.addAttributes({ [name]: renamedIn(value, old, next) });
      }
    }
    if (each.get("type") === MARK) each.view?.render();
  });
}

/** The fragment that is chosen, with the tag that takes it in: between blocks, or in a text. */
export type Inserted = { component: Component; tag: string };

export function chosenFragment(editor: Editor): Inserted | undefined {
  let at = editor.getSelected();
  while (at && !["mj-text", MARK].includes(String(at.get("type")))) at = at.parent();
  const held = at && plainTags(at.get("type") === MARK ? innerOf(at) : at.getInnerHTML());
  const tag = held === undefined ? undefined : includesIn(held)[0];
  return at && tag !== undefined ? { component: at, tag } : undefined;
}

/** Writes the tag of a fragment anew. */
export function rewrite(editor: Editor, { component, tag }: Inserted, next: string) {
  if (component.get("type") !== MARK) {
    component.components(plainTags(component.getInnerHTML()).replace(tag, () => escapedTag(next)));
    return;
  }
  const holder = component.parent();
  if (!holder) return;
  const at = component.index();
  const [made] = replaceIn(holder, { from: at, to: at + 1 }, [tagOf(next)]);
  if (made) editor.select(made);
}

const escapedTag = (tag: string) => tag.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** Puts the content of a fragment where its tag stood. False: it cannot stand there. */
export function breakUp({ component, tag }: Inserted, content: { mjml?: string; html?: string }) {
  const holder = component.parent();
  const between = component.get("type") === MARK;
  if (!holder || (content.mjml !== undefined && !between)) return false;
  if (!between) {
    const text = plainTags(component.getInnerHTML());
    component.components(text.replace(tag, () => content.html ?? ""));
    return true;
  }
  const type = String(holder.get("type"));
  if (content.mjml === undefined && type !== "mj-column") return false;
  const source =
    content.mjml === undefined
      ? `<mj-text>${content.html ?? ""}</mj-text>`
      : marked(content.mjml.trim(), type);
  const at = component.index();
  replaceIn(holder, { from: at, to: at + 1 }, [source]);
  return true;
}

/** A section of the design, or several that are variants of each other. */
export type Unit = Pick<Chain, "from" | "to"> & {
  /** What is read in it, for people to know it by. */
  says: string;
  chosen: boolean;
  /** Whether the template leaves it to be taken away. */
  removable: boolean;
};

const bodyOf = (editor: Editor) => editor.getWrapper()?.findType("mj-body")[0];

/** The sections of a design, from top to bottom; those with a tag alone are none. */
export function sectionsOf(editor: Editor): Unit[] {
  const body = bodyOf(editor);
  if (!body) return [];
  const chosen = new Set<Component>();
  for (const each of editor.getSelectedAll()) {
    for (let at: Component | undefined = each; at; at = at.parent()) chosen.add(at);
  }
  const rows = rowsOf(body);
  return unitsOf(rows).flatMap(({ from, to }) => {
    const all = body.components().models.slice(from, to);
    if (to === from + 1 && rows[from] !== undefined && !takenBy(rows[from])) return [];
    return [
      {
        from,
        to,
        says: wordsOf(all.map((each) => tagIn(each) ?? each.toHTML()).join(" ")),
        chosen: all.some((each) => chosen.has(each)),
        removable: all.every(
          (each) => isOfChain(tagIn(each) ?? "") || each.get("removable") !== false,
        ),
      },
    ];
  });
}

/** What a piece of markup says, shortened. */
function wordsOf(markup: string): string {
  const only = takenBy(markup);
  if (only) return text.said.fragment(only.key);
  const read = new DOMParser().parseFromString(
    markup.replaceAll(/\{%[\s\S]*?%\}/g, "").replaceAll("><", "> <"),
    "text/html",
  );
  const said = (read.body.textContent ?? "").replaceAll(/\s+/g, " ").trim();
  return said.length > 60 ? `${said.slice(0, 57)}…` : said;
}

/** The code of rows of the body, without what belongs to this design only. */
export function codeOf(editor: Editor, { from, to }: Pick<Chain, "from" | "to">): string {
  const all = bodyOf(editor)?.components().models.slice(from, to) ?? [];
  const code = keptCode(all.map((each) => each.toHTML()).join("\n"));
  return code.replaceAll(/\s+data-(?:comment|lock|allow-delete)="[^"]*"/g, "");
}

/** Takes a fragment in where rows of the body stood. */
export function putInPlace(editor: Editor, rows: Pick<Chain, "from" | "to">, key: string) {
  const body = bodyOf(editor);
  if (body) replaceIn(body, rows, [tagOf(tagFor({ key, given: {} }))]);
}

/** What of a block can be left open to those who take a fragment in. */
export type Openable = {
  part: "text" | "href" | "src" | "alt";
  value: string;
  /** The field that stands there already. */
  field: string | undefined;
  /** What would be lost, as a field is plain text. */
  formatted: boolean;
};
const OPENABLE: Record<string, Openable["part"][]> = {
  "mj-text": ["text"],
  "mj-button": ["text", "href"],
  "mj-image": ["src", "alt", "href"],
};

/** The block of a fragment that is chosen, if anything in it can be left open. */
export function chosenOpenable(editor: Editor): Component | undefined {
  let at = editor.getSelected();
  while (at && !(String(at.get("type")) in OPENABLE)) at = at.parent();
  return at;
}

export function openablesOf(block: Component): Openable[] {
  return (OPENABLE[String(block.get("type"))] ?? []).map((part) => {
    const inner = part === "text" ? plainTags(block.getInnerHTML()) : "";
    const read = new DOMParser().parseFromString(inner, "text/html").body;
    const value =
      part === "text" ? (read.textContent ?? "").trim() : String(block.getAttributes()[part] ?? "");
    return { part, value, field: fieldIn(value), formatted: read.children.length > 0 };
  });
}

/** Leaves a part of a block open as a field, or says something there again. */
export function sayIn(block: Component, part: Openable["part"], said: { field: string } | string) {
  const value = typeof said === "string" ? said : fieldTag(said.field);
  if (part === "text") block.components(withoutMarkup(value));
  else block.addAttributes({ [part]: value });
}

/** Takes a fragment in: pieces of sections behind the section that is chosen, anything else where text stands. */
export function takeIn(editor: Editor, key: string, content: { mjml?: unknown; html?: unknown }) {
  const tag = tagFor({ key, given: {} });
  const source = typeof content.mjml === "string" ? content.mjml : undefined;
  const sections =
    source !== undefined && /^\s*(?:\{%[^%]*%\}\s*)*<mj-(section|wrapper|hero)/.test(source);
  const piece =
    source === undefined ? { type: "mj-text", tagName: "mj-text", components: tag } : tagOf(tag);
  const { holder, at } = placeFor(editor, sections ? "mj-body" : "mj-column");
  holder?.append(piece, at === undefined ? {} : { at });
}

/** Behind what is chosen, within the nearest holder of this type; else at the end of the last one. */
function placeFor(editor: Editor, type: string): { holder: Component | undefined; at?: number } {
  for (let at = editor.getSelected(); at; at = at.parent()) {
    const holder = at.parent();
    if (holder && holder.get("type") === type) return { holder, at: at.index() + 1 };
  }
  const all = editor.getWrapper()?.findType(type) ?? [];
  return { holder: all.at(-1) };
}
