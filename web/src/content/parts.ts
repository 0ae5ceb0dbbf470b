// What the designer does to blocks beside drawing them: showing them only for some, taking fragments in, naming tags.
import type { Component, Editor } from "grapesjs";
import type { ComponentPluginOptions } from "grapesjs-mjml";
import { strings } from "../strings";
import { asXml, MARK, saidBy } from "./mjml";

const text = strings.content.parts;

/** A component of the preset that makes parts be drawn with the head of the whole, and tags be read as sentences. */
export const ownComponents =
  (head: string) =>
  (editor: Editor, { opt }: ComponentPluginOptions) => {
    editor.on("parse:html:before", (given: { input: unknown }) => {
      if (typeof given.input === "string") given.input = asXml(given.input);
    });
    const plain = opt.mjmlParser;
    opt.mjmlParser = (mjml, given) =>
      plain(typeof mjml === "string" ? withHead(mjml, head) : mjml, given);
    for (const type of [MARK, "mj-raw"]) addTagType(editor, type);
  };

const withHead = (mjml: string, head: string) =>
  mjml.replace(/^<mjml>(?!\s*<mj-head)/, () => `<mjml>${head}`);

/** Where a tag of the template may stand: wherever blocks do. */
const PLACES = ["mj-body", "mj-wrapper", "mj-section", "mj-column"]
  .map((type) => `[data-gjs-type="${type}"]`)
  .join(", ");

function addTagType(editor: Editor, type: string) {
  editor.Components.addType(type, {
    isComponent: (element) => element.tagName?.toLowerCase() === type,
    model: {
      defaults: {
        name: strings.content.email.tag,
        draggable: PLACES,
        droppable: false,
        stylable: false,
        traits: [],
      },
    },
    view: {
      tagName: () => "section",
      render() {
        this.renderAttributes();
        this.el.textContent = sentence(innerOf(this.model));
        this.el.style.cssText = TAG_STYLE;
        this.postRender();
        return this;
      },
    },
  });
}

const TAG_STYLE =
  "display:block;margin:4px auto;max-width:600px;padding:3px 10px;border-radius:6px;" +
  "font:600 11px/1.6 system-ui,sans-serif;color:#4b4fd0;background:#e5e6fc;pointer-events:all;text-align:left";

const innerOf = (component: Component) =>
  component
    .components()
    .map((child: Component) => String(child.get("content") ?? child.toHTML()))
    .join("") || String(component.get("content") ?? "");

function sentence(tag: string): string {
  const said = saidBy(tag);
  if (!said) return tag;
  return text.said[said.what]("name" in said ? said.name : "");
}

/** The elements that can be shown or left out as a whole. */
const BLOCKS = /^mj-(section|wrapper|hero|text|button|image|divider|spacer|social|navbar)$/;

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

/** Shows a block only for those for whom a condition holds. */
export function showOnlyIf(block: Component, condition: string) {
  const holder = block.parent();
  if (!holder) return;
  const at = block.index();
  holder.append(tagOf("{% endif %}"), { at: at + 1 });
  holder.append(tagOf(`{% if condition.${condition} %}`), { at });
}

/** A copy of a block that is shown only for some becomes what everybody else gets. False: it is shown to all. */
export function showOtherwise(block: Component): boolean {
  const holder = block.parent();
  const next = holder?.components().at(block.index() + 1);
  if (!holder || !next || saidBy(innerOf(next))?.what !== "end") return false;
  const at = block.index() + 1;
  holder.append(block.clone(), { at });
  holder.append(tagOf("{% else %}"), { at });
  return true;
}

/** Takes a fragment in: pieces of sections behind the section that is chosen, anything else where text stands. */
export function takeIn(editor: Editor, key: string, content: { mjml?: unknown; html?: unknown }) {
  const tag = `{% include "${key}" %}`;
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
