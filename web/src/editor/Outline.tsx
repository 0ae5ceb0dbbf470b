// The journey as nested lists: everything that the map can do, for the keyboard and for screen readers.
import { Text, Title, UnstyledButton } from "@mantine/core";
import type { ReactNode } from "react";
import { pathWord } from "../journeys/words";
import { Tile } from "../map/Card";
import type { DrawnMap } from "../map/graph";
import { isBeside, useScene } from "../map/live";
import { strings } from "../strings";
import { AddButton } from "./AddMenu";
import { useEditor } from "./EditorScene";
import classes from "./editor.module.css";
import { branchOf, ENTRY, isBox, type Manifest, pathsOf, pointer } from "./manifest";
import { deadEndsOf, entryOutlet, type Outlet, outletsOf } from "./outlets";

const text = strings.editor.outline;

type Props = {
  drawn: DrawnMap;
  manifest: Manifest;
  /** The chosen node, or those chosen together. */
  selected: ReadonlySet<string>;
  tools: ReactNode;
};

export function Outline({ drawn, manifest, selected, tools }: Props) {
  const cards = new Map(drawn.nodes.map((node) => [node.id, node]));
  const seen = new Set<string>();

  const chain = (outlet: Outlet): ReactNode => {
    const items: ReactNode[] = [];
    let at: Outlet | undefined = outlet;
    while (at) {
      const id: string | null = at.to;
      items.push(<Gap key={at.at} outlet={at} title={cards.get(at.from)?.title ?? at.from} />);
      const node = id === null ? undefined : manifest.nodes[id];
      if (id === null || !node) {
        items.push(
          <li key={`${at.at} end`} className={classes.outlineEnd}>
            {text.ends}
          </li>,
        );
        break;
      }
      if (seen.has(id)) {
        items.push(
          <li key={`${at.at} on`} className={classes.outlineEnd}>
            {text.goesOn(cards.get(id)?.title ?? id)}
          </li>,
        );
        break;
      }
      seen.add(id);
      const onward: Outlet[] = outletsOf(id, node, manifest.subject);
      const single: boolean = onward.length === 1 && onward[0]?.path === null;
      items.push(
        <li key={id}>
          <Entry card={cards.get(id)} id={id} selected={selected} />
          {isBox(manifest.subject, node) ? (
            <BoxPaths manifest={manifest} id={id} {...{ cards, selected }} />
          ) : null}
          {single ? null : (
            <ul>
              {onward.map((path) => (
                <li key={path.at}>
                  <span className={classes.outlinePath}>
                    {path.path === null ? text.onward : pathWord(path.path)}
                  </span>
                  {chain(path)}
                </li>
              ))}
            </ul>
          )}
          <Silences id={id} manifest={manifest} />
        </li>,
      );
      at = single ? onward[0] : undefined;
    }
    return <ol>{items}</ol>;
  };

  return (
    <section className={classes.outline} aria-label={text.label}>
      <div className={classes.outlineTools}>{tools}</div>
      <div className={classes.outlineBody}>
        <Title order={2}>{text.label}</Title>
        <Text size="sm" c="dimmed" mb="sm">
          {text.hint}
        </Text>
        <Entry card={cards.get(ENTRY)} id={ENTRY} selected={selected} />
        {chain(entryOutlet(manifest))}
      </div>
    </section>
  );
}

type Card = DrawnMap["nodes"][number];

function Entry({
  card,
  id,
  selected,
}: {
  card: Card | undefined;
  id: string;
  selected: ReadonlySet<string>;
}) {
  const { open } = useScene();
  if (!card) return null;
  const chosen = selected.has(id);
  return (
    <UnstyledButton
      className={classes.outlineCard}
      data-card={id}
      aria-pressed={chosen}
      onClick={(event) => open(id, isBeside(event))}
    >
      <Tile node={card} small />
      <span>
        <Text span fw={600} size="sm">
          {card.title}
        </Text>{" "}
        <Text span size="xs" c="dimmed">
          {card.facts.map((fact) => `${fact.label}: ${fact.value}`).join(" · ") || card.subtitle}
        </Text>
      </span>
    </UnstyledButton>
  );
}

function Gap({ outlet, title }: { outlet: Outlet; title: string }) {
  const label = strings.editor.add.afterNode(title);
  return (
    <li className={classes.outlineGap}>
      <AddButton target={{ kind: "path", at: outlet.at }} label={label} />
    </li>
  );
}

function Silences({ id, manifest }: { id: string; manifest: Manifest }) {
  const node = manifest.nodes[id];
  const ends = node ? deadEndsOf(id, node, manifest.subject) : [];
  return (
    <>
      {ends.map(({ path }) => (
        <Text key={path} size="xs" c="dimmed">
          {text.silent[path] ?? path}
        </Text>
      ))}
    </>
  );
}

function BoxPaths({
  manifest,
  id,
  cards,
  selected,
}: {
  manifest: Manifest;
  id: string;
  cards: Map<string, Card>;
  selected: ReadonlySet<string>;
}) {
  const { select } = useEditor();
  const node = manifest.nodes[id];
  if (!node) return null;
  const other = branchOf(node, "other");
  const lists = [
    ...pathsOf(node).map((path, n) => ({
      label: path.label,
      actions: path.actions ?? [],
      list: pointer("nodes", id, "paths", n, "actions"),
    })),
    ...(other
      ? [
          {
            label: "other",
            actions: other.actions ?? [],
            list: pointer("nodes", id, "other", "actions"),
          },
        ]
      : []),
  ];
  const drawn = new Map(
    (cards.get(id)?.box ?? []).flatMap((path) => path.actions.map((action) => [action.id, action])),
  );
  return (
    <ul>
      {lists.map(({ label, actions, list }) => (
        <li key={list}>
          <span className={classes.outlinePath}>{pathWord(label)}</span>
          <ol>
            {actions.map((action) => (
              <li key={action.id}>
                <UnstyledButton
                  className={classes.outlineCard}
                  data-card={action.id}
                  aria-pressed={selected.has(action.id)}
                  onClick={() => select(action.id)}
                >
                  <Tile
                    node={{ icon: drawn.get(action.id)?.icon ?? null, family: "action" }}
                    small
                  />
                  <Text span fw={600} size="sm">
                    {drawn.get(action.id)?.title ?? action.id}
                  </Text>
                </UnstyledButton>
              </li>
            ))}
            <li className={classes.outlineGap}>
              <AddButton
                target={{ kind: "box", list, index: actions.length }}
                label={strings.editor.add.inBox(pathWord(label))}
              />
            </li>
          </ol>
        </li>
      ))}
    </ul>
  );
}
