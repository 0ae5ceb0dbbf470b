// Content that depends, as variants: blocks between `if`, `elif`, `else` and `endif`, in order of priority. No React in here.

/** What stands beside each other in a holder: the template's tag, or none for a block. */
export type Row = string | undefined;

/** What people of one condition get; without a condition: everybody else. */
export type Variant = { when: string | undefined; from: number; to: number };

/** Variants of one place, with their tags: from one row up to another. A block that depends on nothing is one of its own. */
export type Chain = { from: number; to: number; variants: Variant[] };

const ASKS = /^\{%[-+]?\s*(if|elif)\s+([\s\S]+?)\s*[-+]?%\}$/;
const NAMED = /^condition\.([a-z][a-z0-9_]*)$/;

/** What a tag does to variants. */
function stepOf(tag: Row): { does: "if" | "elif" | "else" | "endif"; when?: string } | undefined {
  const trimmed = tag?.trim() ?? "";
  const asked = ASKS.exec(trimmed);
  if (asked?.[1] && asked[2]) return { does: asked[1] as "if" | "elif", when: asked[2] };
  const bare = /^\{%[-+]?\s*(else|endif)\s*[-+]?%\}$/.exec(trimmed)?.[1];
  return bare ? { does: bare as "else" | "endif" } : undefined;
}

/** Every chain that is closed, the inner ones before those around them. */
export function chainsOf(rows: Row[]): Chain[] {
  const done: Chain[] = [];
  const open: Chain[] = [];
  const close = (at: number) => {
    const last = open.at(-1)?.variants.at(-1);
    if (last) last.to = at;
  };
  rows.forEach((row, at) => {
    const step = stepOf(row);
    if (!step) return;
    if (step.does === "if") {
      open.push({ from: at, to: at, variants: [{ when: step.when, from: at + 1, to: at + 1 }] });
      return;
    }
    close(at);
    if (step.does !== "endif") {
      open.at(-1)?.variants.push({ when: step.when, from: at + 1, to: at + 1 });
      return;
    }
    const chain = open.pop();
    if (chain) done.push({ ...chain, to: at + 1 });
  });
  return done;
}

/** The innermost chain in which a row stands; one that stands in none is everybody's. */
export function chainAt(rows: Row[], at: number): Chain {
  const around = chainsOf(rows).find(({ from, to }) => from <= at && at < to);
  return around ?? { from: at, to: at + 1, variants: [{ when: undefined, from: at, to: at + 1 }] };
}

/** What belongs together: chains that lie in no other, and single rows. */
export function unitsOf(rows: Row[]): Pick<Chain, "from" | "to">[] {
  const chains = chainsOf(rows);
  const units: Pick<Chain, "from" | "to">[] = [];
  for (let at = 0; at < rows.length; ) {
    const here = chains.filter(({ from }) => from === at).at(-1);
    const to = here?.to ?? at + 1;
    units.push({ from: at, to });
    at = to;
  }
  return units;
}

/** From the first to the last of the chosen units, where they lie next to each other; `chosen`: their numbers, in order. */
export function spanOf(units: Pick<Chain, "from" | "to">[], chosen: number[]) {
  const [first, last] = [chosen[0], chosen.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  if (last - first !== chosen.length - 1) return undefined;
  const [begin, end] = [units[first], units[last]];
  return begin && end ? { from: begin.from, to: end.to } : undefined;
}

/** How many blocks anybody sees beside each other at most. */
export function seenAtOnce(rows: Row[]): number {
  const chains = chainsOf(rows);
  return unitsOf(rows).reduce((sum, { from, to }) => {
    const chain = chains.find((each) => each.from === from && each.to === to);
    if (!chain) return sum + (rows[from] === undefined ? 1 : 0);
    const within = chain.variants.map((each) => seenAtOnce(rows.slice(each.from, each.to)));
    return sum + Math.max(0, ...within);
  }, 0);
}

/** The name of the condition that is asked; none where a tag asks something of its own. */
export const nameOf = (when: string) => NAMED.exec(when)?.[1];
export const asking = (name: string) => `condition.${name}`;

/** One variant of a plan: on which condition, and which variant's content it keeps; none: a copy. */
export type Planned = { when: string; of: number | undefined };
/** What a chain is to become. `rest`: what everybody else gets: a variant's content, a copy, or nothing. */
export type Plan = { planned: Planned[]; rest: number | "copy" | undefined };

/** A chain as it is. */
export function planOf({ variants }: Chain): Plan {
  const rest = variants.findIndex(({ when }) => when === undefined);
  const planned = variants.flatMap(({ when }, of) => (when === undefined ? [] : [{ when, of }]));
  return { planned, rest: rest < 0 ? undefined : rest };
}

/** Why a plan cannot be carried out. */
export type Against = "nothing" | "empty" | "twice";

export function against({ planned, rest }: Plan): Against | undefined {
  if (planned.length === 0 && rest === undefined) return "nothing";
  if (planned.some(({ when }) => when === "")) return "empty";
  const asked = new Set(planned.map(({ when }) => when));
  return asked.size < planned.length ? "twice" : undefined;
}

/** A tag, or the content of a variant: itself, or a copy of it. */
export type Piece = string | { of: Variant; copy: boolean };

/** What stands where the chain stood, once the plan is carried out. */
export function piecesOf({ planned, rest }: Plan, { variants }: Chain): Piece[] {
  const kept = new Set([...planned.map(({ of }) => of), rest]);
  const own = variants.findIndex(({ when }) => when === undefined);
  const model = Math.max(own, 0);
  const content = (of: number | "copy" | undefined): Piece[] => {
    if (typeof of === "number") return variantOf(variants[of], false);
    const copy = kept.has(model);
    kept.add(model);
    return variantOf(variants[model], copy);
  };
  if (planned.length === 0) return content(rest);
  const asked = planned.flatMap(({ when, of }, n) => [
    `{% ${n === 0 ? "if" : "elif"} ${when} %}`,
    ...content(of),
  ]);
  const others = rest === undefined ? [] : ["{% else %}", ...content(rest)];
  return [...asked, ...others, "{% endif %}"];
}

const variantOf = (of: Variant | undefined, copy: boolean): Piece[] => (of ? [{ of, copy }] : []);

/** The same list with one of its entries a place further up or down. */
export function moved<T>(list: T[], at: number, by: -1 | 1): T[] {
  const next = [...list];
  const [one] = next.splice(at, 1);
  if (one !== undefined) next.splice(Math.max(at + by, 0), 0, one);
  return next;
}

const TAG = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g;

/** What is asked, with another name of a condition. */
export const renamedWhen = (when: string, old: string, next: string) =>
  when.replaceAll(new RegExp(`(?<![\\w.])condition\\.${old}(?!\\w)`, "g"), () => asking(next));

/** A text in whose tags a condition has another name. */
export const renamedIn = (source: string, old: string, next: string) =>
  source.replaceAll(TAG, (tag) => renamedWhen(tag, old, next));

/** The conditions that a text asks for, in order. */
export function conditionsIn(source: string): string[] {
  const asked = (source.match(TAG) ?? []).flatMap((tag) =>
    [...tag.matchAll(/(?<![\w.])condition\.([a-z][a-z0-9_]*)/g)].map(([, name]) => name ?? ""),
  );
  return [...new Set(asked)];
}

/** A choice between variants, as a text offers it: the conditions in order of priority. */
export type Choice = { names: string[]; rest: boolean };

/** Where a text offers several variants; those that ask something of their own cannot be forced. */
export function choicesIn(source: string): Choice[] {
  const chains = chainsOf(source.match(TAG) ?? []);
  const found = chains.flatMap(({ variants }): Choice[] => {
    const asked = variants.flatMap(({ when }) => (when === undefined ? [] : [nameOf(when)]));
    const names = asked.filter((name): name is string => name !== undefined);
    const rest = names.length < variants.length;
    return names.length === asked.length && variants.length > 1 ? [{ names, rest }] : [];
  });
  const seen = new Set<string>();
  return found.filter(({ names, rest }) => {
    const all = `${names.join(" ")} ${rest}`;
    return !seen.has(all) && seen.add(all);
  });
}

/** The answers that bring one variant about; none of the names: what everybody else gets. */
export function forcing({ names }: Choice, chosen: string | undefined): Record<string, boolean> {
  const upTo = chosen === undefined ? names.length : names.indexOf(chosen);
  return Object.fromEntries([
    ...names.slice(0, upTo).map((name) => [name, false]),
    ...(chosen === undefined ? [] : [[chosen, true]]),
  ]);
}

/** The variant that answers bring about: its condition, null for everybody else's; none: they leave it open. */
export function broughtAbout(
  { names }: Choice,
  answers: Record<string, boolean>,
): string | null | undefined {
  const at = names.findIndex((name) => answers[name] !== false);
  if (at < 0) return null;
  const name = names[at] ?? "";
  return answers[name] === true ? name : undefined;
}
