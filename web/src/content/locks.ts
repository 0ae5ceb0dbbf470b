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

/** Holds a design to the locks in it; `all`: what is not marked is locked too. */
export function holdTo(editor: Editor, all: boolean) {
  const whole = editor.getWrapper();
  if (whole) hold(whole, all ? "locked" : "editable", all ? "locked" : "editable");
}

function hold(component: Component, around: Lock, inherited: Lock) {
  const lock = lockOf(component) ?? inherited;
  if (lock !== "editable") {
    component.set({
      draggable: false,
      removable: mayGo(component),
      copyable: false,
      stylable: [],
      ...(lock === "locked" ? { editable: false, droppable: false } : {}),
    });
    for (const trait of component.getTraits()) {
      const name = String(trait.get("name"));
      if (lock === "locked" || !CONTENT.has(name)) component.removeTrait(name);
    }
  } else if (around === "locked") {
    component.set({ draggable: false, removable: false, copyable: false });
  }
  component.set("custom-name", `${component.getName()} · ${text.modes[lock]}`);
  const within = lock === "content" ? "editable" : lock;
  for (const child of component.components().models) hold(child, within, within);
}
