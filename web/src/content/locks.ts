// What a template leaves open, as the designer holds to it. The server compares what is saved; here nobody gets that far.
import type { Component, Editor } from "grapesjs";
import { strings } from "../strings";

const text = strings.content.locks;

/** The attribute that carries the lock of an element. */
export const LOCK = "data-lock";
/** The attribute of a locked element that emails may leave out as a whole. */
const MAY_GO = "data-allow-delete";
export const LOCKS = ["locked", "content", "editable"] as const;
export type Lock = (typeof LOCKS)[number];

/** What an element says, beside its looks; free where only the content is. */
const CONTENT = new Set(["href", "src", "alt", "title"]);

const isLock = (value: unknown): value is Lock => LOCKS.some((lock) => lock === value);

/** The lock of an element itself. */
export function lockOf(component: Component): Lock | undefined {
  const own = component.getAttributes()[LOCK];
  return isLock(own) ? own : undefined;
}

/** Gives an element a lock of its own, or takes it away. */
export function setLock(component: Component, lock: Lock | undefined) {
  if (lock) component.addAttributes({ [LOCK]: lock });
  else component.removeAttributes(LOCK);
}

/** Whether emails may leave a locked element out as a whole. */
export const mayGo = (component: Component) => (component.getAttributes()[MAY_GO] ?? "no") !== "no";

export function letGo(component: Component, may: boolean) {
  if (may) component.addAttributes({ [MAY_GO]: "yes" });
  else component.removeAttributes(MAY_GO);
}

/** What may come into the parts of a design that its template does not mark. */
export type Additions = "none" | "content" | "structures";

/** With what an email was made of its template. */
export type TemplateLock = { lock: "all" | "marked"; additions?: Additions | undefined };

/** Sections, and what they are laid out with; everything else in a body is a block. */
const STRUCTURES = new Set(["mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-hero"]);
/** What is added to these is a block. */
const HOLD_BLOCKS = new Set(["mj-column", "mj-hero"]);
/** What is added to these is a section. */
const HOLD_SECTIONS = new Set(["mj-body", "mj-wrapper"]);

/** Whether something may be added within an element that is not marked, and whether another of it may be. */
export function takes(additions: Additions, element: string, locked: boolean) {
  const [blocks, structures] = [additions !== "none", additions === "structures"];
  const within = HOLD_BLOCKS.has(element) ? blocks : HOLD_SECTIONS.has(element) && structures;
  return {
    within: within || (!locked && structures),
    again: !locked && (STRUCTURES.has(element) ? structures : blocks),
  };
}

/** Holds a design to the locks in it; with `all` what is not marked is locked too. */
export function holdTo(editor: Editor, { lock, additions }: TemplateLock) {
  const whole = editor.getWrapper();
  const all = lock === "all";
  const unmarked = additions ?? (all ? "none" : "structures");
  if (whole) hold(whole, all ? "locked" : "editable", all ? "locked" : "editable", unmarked);
}

/** `unmarked`: what may be added as long as nothing around it is marked. */
function hold(component: Component, around: Lock, inherited: Lock, unmarked?: Additions) {
  const own = lockOf(component);
  const lock = own ?? inherited;
  const free = own === undefined ? unmarked : undefined;
  const locked = lock === "locked";
  const tag = component.get("tagName") ?? "";
  const { within, again } = takes(free ?? (locked ? "none" : "structures"), tag, locked);
  if (lock !== "editable") {
    component.set({
      draggable: false,
      removable: mayGo(component),
      copyable: false,
      stylable: [],
      ...(locked ? { editable: false } : {}),
      ...(locked && !within ? { droppable: false } : {}),
    });
    for (const trait of component.getTraits()) {
      const name = String(trait.get("name"));
      if (locked || !CONTENT.has(name)) component.removeTrait(name);
    }
  } else if (around === "locked") {
    component.set({ draggable: false, removable: false, copyable: false });
  } else {
    component.set({
      ...(within ? {} : { droppable: false }),
      ...(again ? {} : { copyable: false }),
    });
  }
  // Its tools were made when everything was allowed.
  component.set("toolbar", undefined as never);
  component.initToolbar();
  component.set("custom-name", `${component.getName()} · ${text.modes[lock]}`);
  const inside = lock === "content" ? "editable" : lock;
  for (const child of component.components().models) hold(child, inside, inside, free);
}
