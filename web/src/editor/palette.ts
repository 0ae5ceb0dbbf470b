// What the plus offers: the catalogue's nodes, and once something is typed its actions and events too.
import type { LucideIcon } from "lucide-react";
import type { Catalogue, Family } from "../api/types";
import { iconOf } from "../map/icons";
import { strings } from "../strings";
import type { Choice } from "./changes";
import type { Subject } from "./manifest";

const text = strings.editor.add;
const RECENT = "caravan.palette.recent";
const MOST_RECENT = 4;

export type PaletteItem = {
  id: string;
  label: string;
  hint: string;
  icon: LucideIcon;
  family: Family;
  choice: Choice;
};
export type Group = { label: string; items: PaletteItem[] };

type Wish = { subject: Subject; boxed: boolean; filter: string };

export function itemsOf(catalogue: Catalogue, { subject, boxed, filter }: Wish): Group[] {
  const actions = actionItems(catalogue, subject, boxed);
  const nodes = boxed ? [] : nodeItems(catalogue, subject);
  const events = boxed ? [] : eventItems(catalogue, subject);
  const wanted = filter.trim().toLowerCase();
  if (wanted !== "") {
    const matching = (items: PaletteItem[]) =>
      items.filter((item) => item.label.toLowerCase().includes(wanted));
    return nonEmpty([
      { label: text.nodes, items: matching(nodes) },
      { label: text.actions, items: matching(actions) },
      { label: text.events, items: matching(events) },
    ]);
  }
  if (boxed) return nonEmpty([{ label: text.actions, items: actions }]);
  const all = [...nodes, ...actions, ...events];
  const recent = recents()
    .map((id) => all.find((item) => item.id === id))
    .filter((item) => item !== undefined && !nodes.includes(item)) as PaletteItem[];
  return nonEmpty([
    { label: text.recent, items: recent },
    { label: text.nodes, items: nodes },
  ]);
}

const nonEmpty = (groups: Group[]) => groups.filter((group) => group.items.length > 0);

function nodeItems(catalogue: Catalogue, subject: Subject): PaletteItem[] {
  return catalogue.nodes
    .filter(({ family, works_in }) => family !== "audience" && works_in.includes(subject))
    .flatMap((node) => {
      const family = node.family as Family;
      const item: PaletteItem = {
        id: node.key,
        label: node.label,
        hint: node.description,
        icon: iconOf({ kind: node.key, family }),
        family,
        choice: { type: node.key },
      };
      if (node.key !== "split" || subject === "person") return [item];
      const people: PaletteItem = {
        ...item,
        id: "split people",
        label: text.splitPeople,
        hint: text.splitPeopleHint,
        choice: { type: "split", by: "person" },
      };
      return [item, people];
    });
}

function actionItems(catalogue: Catalogue, subject: Subject, boxed: boolean): PaletteItem[] {
  return catalogue.actions
    .filter((action) => (boxed ? action.subject === "people" : true))
    .filter((action) => subject === "account" || action.in_person_journeys)
    .map((action) => ({
      id: `action ${action.key}`,
      label: action.label,
      hint: action.description,
      icon: iconOf({ icon: action.icon, family: "action" }),
      family: "action",
      choice: { type: "action", on: action.subject, action: action.key },
    }));
}

function eventItems(catalogue: Catalogue, subject: Subject): PaletteItem[] {
  return catalogue.events
    .filter((event) => subject === "account" || event.subject !== "account")
    .map((event) => ({
      id: `event ${event.type}`,
      label: event.label,
      hint: strings.editor.cards.listens,
      icon: iconOf({ kind: "listen", family: "event" }),
      family: "event",
      choice: { type: "listen", activity: event.type },
    }));
}

function recents(): string[] {
  try {
    const read: unknown = JSON.parse(localStorage.getItem(RECENT) ?? "[]");
    return Array.isArray(read) ? read.map(String) : [];
  } catch {
    return [];
  }
}

export function remember(id: string) {
  const next = [id, ...recents().filter((each) => each !== id)].slice(0, MOST_RECENT);
  localStorage.setItem(RECENT, JSON.stringify(next));
}
