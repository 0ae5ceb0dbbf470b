// A fragment in a design is drawn as the server makes it, in a frame that runs no scripts. What is drawn is looked at only:
// the design keeps its tag. No React in here.
import type { Component } from "grapesjs";
import { ApiError } from "../api/problem";
import { addressOf } from "../definitions/address";
import type { Fields } from "../editor/manifest";
import { strings } from "../strings";
import { fieldsOf, filledIn, takenBy } from "./fields";

const text = strings.design.drawn;

/** What the designer asks for what it draws. */
export type Drawer = {
  /** The HTML of a draft of an email. */
  html: (draft: Fields) => Promise<string>;
  /** What people call a fragment. */
  name: (key: string) => Promise<string>;
  /** The definition that is designed. */
  host: () => Fields;
  /** Its head, with which everything is laid out. */
  head: string;
};

/** A piece of a design that is drawn, and the element in which it stands. */
export type Piece = { source: string; holder: string };

const SECTION = '<mj-section padding="0">';
const AROUND: Record<string, [string, string]> = {
  "mj-body": ["", ""],
  "mj-wrapper": ['<mj-wrapper padding="0">', "</mj-wrapper>"],
  "mj-section": [SECTION, "</mj-section>"],
  "mj-group": [`${SECTION}<mj-group>`, "</mj-group></mj-section>"],
  "mj-column": [`${SECTION}<mj-column>`, "</mj-column></mj-section>"],
};

/** An email that holds nothing but one piece of a design, with what that may depend on. */
export function mailAround({ source, holder }: Piece, head: string, host: Fields): Fields {
  const [before, after] = AROUND[holder] ?? ["", ""];
  const { kind, conditions, solution_interest } = host;
  // What a fragment leaves open itself is as the fragment says it.
  const filled = kind === "fragment" ? filledIn(source, fieldsOf(host)) : source;
  return {
    kind: "email",
    connection: "",
    subject: "-",
    operational: true,
    body: { mjml: `<mjml>${head}<mj-body>${before}${filled}${after}</mj-body></mjml>` },
    ...(conditions === undefined ? {} : { conditions }),
    ...(solution_interest === undefined ? {} : { solution_interest }),
  };
}

/** The text around a tag, as its block looks, without the room that the block has there already. */
export function textAround(tag: string, attributes: Record<string, unknown>): string {
  const kept = Object.entries(attributes).filter(
    ([name, value]) => /^(?!padding|data-|id$|class$)/.test(name) && typeof value === "string",
  );
  const said = kept.map(([name, value]) => ` ${name}="${String(value).replaceAll('"', "&quot;")}"`);
  return `<mj-text${said.join("")} padding="0">${tag}</mj-text>`;
}

/** What stands against drawing it, as the alerts say it. */
export function whyNot(error: unknown): string {
  const said = error instanceof ApiError && error.findings.length > 0 ? error.findings : [error];
  return said.map((each) => plain((each as { message?: string }).message ?? "")).join(" ");
}

/** A sentence of the server without the marks of code and of names. */
const plain = (sentence: string) => sentence.replaceAll(/[`*]/g, "");

/** Nothing of it is clicked, and it is as high as what it shows. */
const QUIET = "<style>html,body{margin:0;padding:0;overflow:hidden}body{display:flow-root}</style>";
const FRAME = "display:block;width:100%;border:0;pointer-events:none";
const LABEL =
  "box-sizing:border-box;display:flex;gap:10px;align-items:center;max-width:600px;margin:0 auto;padding:2px 8px;font:600 11px/1.6 system-ui,sans-serif;" +
  "color:#4b4fd0;background:#e5e6fc;text-align:left";
const QUIETLY =
  "padding:14px 16px;font:400 12px/1.5 system-ui,sans-serif;color:#4a5565;background:#f3f4f6;text-align:left";

/** How high what was drawn last was, so that nothing jumps when it is drawn again. */
const heights = new Map<string, number>();

/** Draws what a tag takes in into an element of the canvas. `label`: what is said of it until its name is known. */
export function drawInto(
  place: HTMLElement,
  tag: string,
  piece: Piece,
  label: (name: string) => string,
  drawer: Drawer,
) {
  const taken = takenBy(tag);
  if (!taken) return;
  const { ownerDocument: canvas } = place;
  const bar = canvas.createElement("div");
  bar.style.cssText = LABEL;
  const name = canvas.createElement("span");
  name.textContent = label(taken.key);
  bar.append(name, wayTo(canvas, taken.key));
  const shown = canvas.createElement("div");
  waitIn(shown, heights.get(piece.source));
  place.replaceChildren(bar, shown);
  place.dataset.drawn = taken.key;
  // Where nobody knows its name it is called by its key.
  const said = drawer.name(taken.key).then(label, () => label(taken.key));
  void said.then((words) => {
    name.textContent = words;
  });
  void drawer.html(mailAround(piece, drawer.head, drawer.host())).then(
    async (html) => {
      const frame = framed(canvas, await said, piece.source, html);
      shown.style.cssText = "";
      shown.replaceChildren(frame);
    },
    (error) => sayIn(shown, whyNot(error)),
  );
}

/** The fragment opens beside the design, in which something may not be saved yet. */
function wayTo(canvas: Document, key: string): HTMLElement {
  const link = canvas.createElement("a");
  link.href = addressOf("fragments", key);
  link.textContent = text.open;
  link.style.cssText = "margin-left:auto;color:inherit;text-decoration:underline;font-weight:500";
  link.addEventListener("click", (event) => {
    event.preventDefault();
    event.stopPropagation();
    window.open(link.href, "_blank", "noopener");
  });
  return link;
}

function waitIn(shown: HTMLElement, height: number | undefined) {
  sayIn(shown, text.loading);
  if (height !== undefined) shown.style.minHeight = `${height}px`;
}

function sayIn(shown: HTMLElement, words: string) {
  shown.textContent = words;
  shown.style.cssText = QUIETLY;
}

/** Foreign HTML: it may be measured from here, and runs no scripts, sends no forms and leads nowhere. */
function framed(canvas: Document, title: string, source: string, html: string): HTMLElement {
  const box = canvas.createElement("div");
  const frame = canvas.createElement("iframe");
  frame.title = title;
  frame.tabIndex = -1;
  frame.setAttribute("sandbox", "allow-same-origin");
  frame.referrerPolicy = "no-referrer";
  frame.style.cssText = `${FRAME};height:${heights.get(source) ?? 40}px`;
  frame.addEventListener("load", () => {
    const body = frame.contentDocument?.body;
    if (!body) return;
    // Pictures come later, and a narrower screen makes it higher.
    new ResizeObserver(() => {
      const height = Math.ceil(body.getBoundingClientRect().height);
      heights.set(source, height);
      frame.style.height = `${height}px`;
    }).observe(body);
  });
  frame.srcdoc = `${html}${QUIET}`;
  box.append(frame);
  return box;
}

/** The type of the element in which a component stands. */
export const holderOf = (component: Component) => String(component.parent()?.get("type") ?? "");
