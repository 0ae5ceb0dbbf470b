// How the designer draws what a template says: its tags as sentences, its fragments as what they hold.
import type { Component, Editor } from "grapesjs";
import type { ComponentPluginOptions } from "grapesjs-mjml";
import { strings } from "../strings";
import { type Drawer, drawInto, holderOf, type Piece, textAround } from "./drawn";
import { fieldIn, type OpenField, takenBy, withoutMarkup } from "./fields";
import { asXml, MARK, plainTags, saidBy } from "./mjml";
import { innerOf, isOfChain } from "./parts";

const text = strings.content.parts;

/** A component of the preset that makes parts be drawn with the head of the whole, and tags be read as sentences. */
export const ownComponents =
  (drawer: Drawer, fields: () => Record<string, OpenField> = () => ({})) =>
  (editor: Editor, { opt }: ComponentPluginOptions) => {
    editor.on("parse:html:before", (given: { input: unknown }) => {
      if (typeof given.input === "string") given.input = asXml(given.input);
    });
    const plain = opt.mjmlParser;
    opt.mjmlParser = (mjml, given) =>
      plain(
        typeof mjml === "string" ? drawnWith(withHead(mjml, drawer.head), fields()) : mjml,
        given,
      );
    for (const type of [MARK, "mj-raw"]) addTagType(editor, type, drawer);
    drawFragmentsInTexts(editor, drawer);
  };

const withHead = (mjml: string, head: string) =>
  mjml.replace(/^<mjml>(?!\s*<mj-head)/, () => `<mjml>${head}`);

/** Pictures and links of a fragment are drawn as they are when nobody fills them in. */
const drawnWith = (mjml: string, fields: Record<string, OpenField>) =>
  mjml.replaceAll(/="(\{\{[^"{}]*\}\})"/g, (whole, value: string) => {
    const field = fields[fieldIn(value) ?? ""];
    return field ? `="${withoutMarkup(field.default)}"` : whole;
  });

/** Where a tag of the template may stand: wherever blocks do. */
const PLACES = ["mj-body", "mj-wrapper", "mj-section", "mj-column"]
  .map((type) => `[data-gjs-type="${type}"]`)
  .join(", ");

function addTagType(editor: Editor, type: string, drawer: Drawer) {
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
      init() {
        if (takenBy(plainTags(innerOf(this)).trim())) this.set({ name: text.fragment });
        // One without the others would be no template any more; variants are deleted as variants.
        if (!isOfChain(innerOf(this))) return;
        const toolbar = (this.get("toolbar") ?? []).filter(
          ({ command }) => !/-(delete|clone)$/.test(String(command)),
        );
        this.set({ removable: false, copyable: false, toolbar });
      },
    },
    view: {
      tagName: () => "section",
      render() {
        this.renderAttributes();
        const tag = plainTags(innerOf(this.model)).trim();
        if (takenBy(tag)) {
          const source = type === MARK ? tag : `<${type}>${tag}</${type}>`;
          this.el.style.cssText = DRAWN_STYLE;
          draw(this.el, tag, { source, holder: holderOf(this.model) }, drawer);
        } else {
          this.el.textContent = sentence(tag);
          this.el.style.cssText = TAG_STYLE;
        }
        this.postRender();
        return this;
      },
    },
  });
}

/** A text that is a fragment and nothing else is drawn as the fragment; nobody writes in it. */
function drawFragmentsInTexts(editor: Editor, drawer: Drawer) {
  const base = editor.Components.getType("mj-text")?.view.prototype;
  if (!base) return;
  const onlyTag = (model: Component) => {
    const inner = plainTags(innerOf(model)).trim();
    return takenBy(inner) ? inner : undefined;
  };
  editor.Components.addType("mj-text", {
    view: {
      render() {
        base.render.apply(this);
        const tag = onlyTag(this.model);
        if (tag) {
          const source = textAround(tag, this.model.getAttributes());
          draw(this.getChildrenContainer(), tag, { source, holder: "mj-column" }, drawer);
        }
        return this;
      },
      onActive(event: MouseEvent) {
        if (!onlyTag(this.model)) base.onActive.call(this, event);
      },
    },
  });
}

const draw = (place: HTMLElement, tag: string, piece: Piece, drawer: Drawer) =>
  drawInto(place, tag, piece, (name) => fragmentSaid(name, tag), drawer);

const TAG_STYLE =
  "display:block;margin:4px auto;max-width:600px;padding:3px 10px;border-radius:6px;" +
  "font:600 11px/1.6 system-ui,sans-serif;color:#4b4fd0;background:#e5e6fc;pointer-events:all;text-align:left";

const DRAWN_STYLE = "display:block;pointer-events:all";

function sentence(tag: string): string {
  const said = saidBy(tag);
  if (!said) return tag;
  return text.said[said.what]("name" in said ? said.name : "");
}

/** A fragment by its name, and how much of it is filled in. */
function fragmentSaid(name: string, tag: string): string {
  const given = Object.keys(takenBy(tag)?.given ?? {}).length;
  return given > 0 ? text.said.filled(name, given) : text.said.fragment(name);
}
