// The draft as a map: what the canvas draws while the server does not know of it yet. Once it is saved, the server's
// own cards take over, in which names stand for keys and sentences for conditions.
import type { BoxPath, Catalogue, Fact, JourneyMap, MapNode } from "../api/types";
import type { DrawnMap } from "../map/graph";
import { settingsOf } from "../map/settings";
import { humanise } from "../shell/format";
import { strings } from "../strings";
import {
  type BoxAction,
  branchOf,
  ENTRY,
  type Fields,
  isBox,
  isRecord,
  type Manifest,
  type NodeBody,
  pathsOf,
} from "./manifest";
import { deadEndsOf, entryOutlet, outletsOf } from "./outlets";

/** The server's cards, with the bodies that they were drawn from. */
export type Served = { manifest: Manifest; map: JourneyMap };

const words = strings.editor.cards;

export class Artist {
  private cards = new WeakMap<object, MapNode>();
  private served = new Map<string, { body: unknown; card: MapNode }>();

  constructor(private readonly catalogue: Catalogue) {}

  /** Takes the server's cards over for the nodes that are still as it knows them. */
  serve({ manifest, map }: Served) {
    this.served = new Map(
      map.nodes.map((card) => {
        const body = card.id === ENTRY ? manifest.audience : manifest.nodes[card.id];
        const known = this.served.get(card.id);
        const same = known && JSON.stringify(known.card) === JSON.stringify(card);
        return [card.id, { body, card: same ? known.card : card }];
      }),
    );
  }

  draw(manifest: Manifest, state: JourneyMap["state"]): DrawnMap {
    const { nodes, subject } = manifest;
    const bodies = Object.entries(nodes);
    const outlets = [
      entryOutlet(manifest),
      ...bodies.flatMap(([id, node]) => outletsOf(id, node, subject)),
    ];
    const ends = bodies.flatMap(([id, node]) => deadEndsOf(id, node, subject));
    return {
      key: manifest.key,
      name: manifest.name ?? manifest.key,
      subject,
      state,
      version: null,
      end: typeof manifest.end === "string" ? manifest.end : null,
      nodes: [this.audience(manifest), ...bodies.map(([id, node]) => this.node(id, node, subject))],
      edges: [
        ...outlets.map(({ from, to, path, at }) => ({
          from,
          to: to !== null && Object.hasOwn(nodes, to) ? to : null,
          path,
          label: path === null ? null : (strings.paths[path] ?? path),
          at,
        })),
        ...ends.map(({ from, path }) => ({
          from,
          to: null,
          path,
          label: strings.paths[path] ?? path,
        })),
      ],
    };
  }

  private audience(manifest: Manifest): MapNode {
    const served = this.served.get(ENTRY);
    if (served && served.body === manifest.audience) return served.card;
    return this.remembered(manifest.audience ?? NO_AUDIENCE, () => ({
      id: ENTRY,
      kind: ENTRY,
      family: "audience",
      icon: manifest.subject === "account" ? "building" : "users",
      title: words.audience[manifest.subject],
      subtitle: words.whoEnters,
      subject: manifest.subject,
      facts: factsOf(manifest.audience ?? {}),
      settings: manifest.audience ?? {},
      ends: false,
      box: null,
    }));
  }

  private node(id: string, node: NodeBody, subject: Manifest["subject"]): MapNode {
    const served = this.served.get(id);
    if (served && served.body === node) return served.card;
    return this.remembered(node, () => ({
      id,
      kind: node.type,
      ...this.face(node, subject),
      settings: node,
      ends: false,
      box: isBox(subject, node) ? this.paths(node) : null,
    }));
  }

  /** Cards of nodes that did not change keep their identity, so that they are not drawn again. */
  private remembered(body: object, make: () => MapNode): MapNode {
    const known = this.cards.get(body);
    if (known) return known;
    const card = make();
    this.cards.set(body, card);
    return card;
  }

  private face(
    node: NodeBody,
    own: Manifest["subject"],
  ): Pick<MapNode, "family" | "icon" | "title" | "subtitle" | "subject" | "facts"> {
    const entry = this.catalogue.nodes.find((each) => each.key === node.type);
    const family = (entry?.family ?? "flow") as MapNode["family"];
    const plain = { family, icon: "", title: entry?.label ?? humanise(node.type), subject: own };
    switch (node.type) {
      case "action": {
        const action = this.action(String(node.action));
        const people = node.on === "people";
        return {
          ...plain,
          icon: action?.icon ?? "",
          title: action?.label ?? plain.title,
          subtitle: people ? words.onPeople : words.onAccounts,
          subject: people ? "person" : "account",
          facts: factsOf(settings(node, ["type", "on", "action", "next"])),
        };
      }
      case "listen": {
        const title = eventsOf(node).map((type) => this.event(type));
        return {
          ...plain,
          title: title.length > 0 ? title.join(words.or) : plain.title,
          subtitle: words.listens,
          facts: factsOf(settings(node, ["type", "event", "events", "next"])),
        };
      }
      case "wait":
        return {
          ...plain,
          subtitle: words.time,
          facts: factsOf(settings(node, ["type", "next"])),
        };
      case "merge":
        return { ...plain, subtitle: words.passThrough, facts: [] };
      case "split":
      case "variant_split":
      case "external_split": {
        const by = node.by === "person" ? "person" : "account";
        return {
          ...plain,
          subtitle: words.splitBy[by],
          subject: by,
          // A closed box says itself how many it has.
          facts: isBox(own, node) ? [] : [{ label: words.paths, value: waysOf(node) }],
        };
      }
      default:
        return { ...plain, subtitle: entry?.description ?? "", facts: [] };
    }
  }

  private paths(node: NodeBody): BoxPath[] {
    const drawn = pathsOf(node).map((path) => ({
      label: path.label,
      path: path.label,
      condition: null,
      actions: (path.actions ?? []).map((action) => this.boxed(action)),
    }));
    for (const name of ["other", "failed"] as const) {
      const branch = branchOf(node, name);
      if (!branch) continue;
      const actions = (branch.actions ?? []).map((action) => this.boxed(action));
      drawn.push({ label: name, path: name, condition: null, actions });
    }
    return drawn;
  }

  private boxed(action: BoxAction): BoxPath["actions"][number] {
    const known = this.action(action.action);
    return {
      id: action.id,
      icon: known?.icon ?? "",
      title: known?.label ?? words.chooseAction,
      facts: factsOf(settings(action, ["id", "action"])),
    };
  }

  private action(key: string) {
    return this.catalogue.actions.find((each) => each.key === key);
  }

  private event(type: string): string {
    return this.catalogue.events.find((each) => each.type === type)?.label ?? humanise(type);
  }
}

const NO_AUDIENCE = {};

/** How many ways lead on, whoever takes none of the paths included. */
const waysOf = (node: NodeBody) => String(pathsOf(node).length + (branchOf(node, "other") ? 1 : 0));

function settings(fields: Fields, drawn: string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !drawn.includes(name)));
}

function factsOf(fields: Fields): Fact[] {
  return settingsOf(fields)
    .map(({ label, value }) => ({
      label,
      value: typeof value === "string" ? value : value.map((each) => each.label).join(", "),
    }))
    .slice(0, 3);
}

export function eventsOf(node: Fields): string[] {
  const tests = isRecord(node.event) ? [node.event] : Array.isArray(node.events) ? node.events : [];
  return tests.filter(isRecord).map((test) => String(test.activity));
}
