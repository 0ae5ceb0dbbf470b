// What happens on the way of a simulation: how it is said here, what the journey's own nodes offer, and as the API takes it.
import type { JourneyMap, MapNode } from "../api/types";
import { type Fields, isRecord } from "../editor/manifest";
import { readDuration } from "../forms/durations";

export type Who =
  | { kind: "all" }
  | { kind: "share"; percent: number }
  | { kind: "one"; key?: string | undefined };

/** What those do who come to a listener. */
export type Reaction = { who: Who; after?: string | undefined; type?: string | undefined };

/** What a service answers: by which a path is taken, values, or that it failed. */
export type Reply = { who: Who; after?: string | undefined } & (
  | { gives: "path"; path: string }
  | { gives: "values"; variables: Fields; attributes: Fields }
  | { gives: "failure" }
);

/** Something that happens by itself, so long after the start. */
export type Deed = {
  type?: string | undefined;
  about: "account" | "person";
  key?: string | undefined;
  after?: string | undefined;
  fields: Fields;
};

export type Way = {
  reactions: Record<string, Reaction[]>;
  replies: Record<string, Reply[]>;
  deeds: Deed[];
};

export const NOTHING: Way = { reactions: {}, replies: {}, deeds: [] };

export type Listener = {
  id: string;
  title: string;
  events: string[];
  /** How long it listens, where that is a duration. */
  within?: string;
};
export type Call = { id: string; title: string; service: string; paths: string[] };

const texts = (values: unknown[]) => values.filter((value) => typeof value === "string");

/** Nodes that wait for people to act, whatever kind they are. */
export const listenersOf = (map: JourneyMap): Listener[] =>
  map.nodes.flatMap(({ id, kind, title, settings }) => {
    const { event, events, timeout } = settings as Fields;
    const all = [event, ...(Array.isArray(events) ? events : [])].filter(isRecord);
    const types = texts(all.map(({ activity }) => activity));
    if (types.length === 0 || ofEntry(kind)) return [];
    const within = isRecord(timeout) ? timeout.duration : undefined;
    return [{ id, title, events: types, ...(typeof within === "string" ? { within } : {}) }];
  });

const ofEntry = (kind: MapNode["kind"]) => kind === "audience";

/** Nodes that ask a service, whatever kind they are. */
export const callsOf = (map: JourneyMap): Call[] =>
  map.nodes.flatMap(({ id, title, settings }) => {
    const { service, paths } = settings as Fields;
    if (typeof service !== "string" || service === "") return [];
    const labels = Array.isArray(paths) ? paths.filter(isRecord).map(({ label }) => label) : [];
    return [{ id, title, service, paths: texts(labels) }];
  });

export const nodesThatAskPeople = (map: JourneyMap) =>
  new Set([...listenersOf(map), ...callsOf(map)].map(({ id }) => id));

/** How many things are said that are simulated: none that is not finished, and none of a node that is gone. */
export function countOf(way: Way, map: JourneyMap): number {
  const { reactions, answers, activities } = scriptOf(way, map, new Date(0).toISOString());
  return reactions.length + answers.length + activities.length;
}

/** What is said of the nodes that the journey still has, as the API takes it. */
export function scriptOf(way: Way, map: JourneyMap, from: string) {
  return {
    reactions: listenersOf(map).flatMap(({ id }) =>
      (way.reactions[id] ?? []).filter(isWhole).map((reaction) => ({
        node: id,
        ...share(reaction.who),
        ...(reaction.who.kind === "one" ? { traveller: reaction.who.key } : {}),
        ...(reaction.type ? { type: reaction.type } : {}),
        ...after(reaction),
      })),
    ),
    answers: callsOf(map).flatMap(({ id, service }) =>
      (way.replies[id] ?? []).filter(isWhole).map((reply) => ({
        service,
        node: id,
        ...share(reply.who),
        ...(reply.who.kind === "one" ? { [`${map.subject}_key`]: reply.who.key } : {}),
        ...after(reply),
        ...given(reply),
      })),
    ),
    activities: way.deeds.flatMap(({ type, about, key, after: later, fields }) =>
      type && key
        ? [{ type, [`${about}_key`]: key, at: later ? plus(from, later) : from, fields }]
        : [],
    ),
  };
}

/** Whoever is to be one traveller and is not chosen yet does nothing. */
const isWhole = ({ who }: { who: Who }) => who.kind !== "one" || who.key !== undefined;

const share = (who: Who) => (who.kind === "share" ? { share: who.percent } : {});

const after = (of: { after?: string | undefined }) => (of.after ? { after: of.after } : {});

function given(reply: Reply) {
  switch (reply.gives) {
    case "path":
      return { path: reply.path };
    case "values":
      return { variables: reply.variables, attributes: reply.attributes };
    case "failure":
      return { failed: FAILURE };
  }
}

/** The code under which a failure is counted that was asked for here. */
const FAILURE = "simulated";

const MINUTES: Record<string, number> = { m: 1, h: 60, d: 1_440, w: 10_080, mo: 43_200 };

/** Minutes of a duration; a month is about thirty days. */
function minutesOf(duration: string): number {
  const { amount, unit } = readDuration(duration) ?? { amount: 0, unit: "m" };
  return amount * (MINUTES[unit] ?? 0);
}

/** An instant so long after another. */
export const plus = (from: string, duration: string): string =>
  new Date(Date.parse(from) + minutesOf(duration) * 60_000).toISOString().replace(".000Z", "Z");

/** Two hours, or half the time that a listener has when that is less. */
export function soonEnough({ within }: Listener): string {
  const half = within ? Math.floor(minutesOf(within) / 2) : Number.POSITIVE_INFINITY;
  return half < 120 ? `${half}m` : "2h";
}

/** Whether what happens so late finds nobody at a listener any more. */
export const comesTooLate = (after: string | undefined, { within }: Listener) =>
  after !== undefined && within !== undefined && minutesOf(after) >= minutesOf(within);

export type Extent = "nobody" | "half" | "everybody" | "some";

/** One word for a list of reactions or answers, where there is one. */
export function extentOf(said: { who: Who }[]): Extent {
  const [first, ...others] = said;
  if (!first) return "nobody";
  if (others.length > 0) return "some";
  if (first.who.kind === "all") return "everybody";
  return first.who.kind === "share" && first.who.percent === 50 ? "half" : "some";
}

/** The same list for another word: nobody, or the first alone for everybody or for half. */
export function spread<T extends { who: Who }>(said: T[], extent: Extent, begun: T): T[] {
  if (extent === "nobody") return [];
  if (extent === "some") return said;
  const who: Who = extent === "half" ? { kind: "share", percent: 50 } : { kind: "all" };
  return [{ ...(said[0] ?? begun), who }];
}
