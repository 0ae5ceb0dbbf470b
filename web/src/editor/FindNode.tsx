// Finds a node by its title, its name or what it is set to.
import { Modal, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { Form } from "../forms/Form";
import type { DrawnMap } from "../map/graph";
import { strings } from "../strings";
import { useEditor } from "./EditorScene";
import classes from "./editor.module.css";

const text = strings.editor.search;
const MOST = 12;

type Found = { id: string; title: string; words: string };

export function FindNode({ drawn, onClose }: { drawn: DrawnMap; onClose: () => void }) {
  const { select } = useEditor();
  const [filter, setFilter] = useState("");
  const wanted = filter.trim().toLowerCase();
  const found = everything(drawn)
    .filter(({ id, title, words }) => `${id} ${title} ${words}`.toLowerCase().includes(wanted))
    .slice(0, MOST);
  const go = (id: string) => {
    onClose();
    select(id);
  };
  return (
    <Modal opened onClose={onClose} title={text.title}>
      <Form
        onSubmit={() => {
          if (found[0]) go(found[0].id);
        }}
      >
        <TextInput
          data-autofocus
          aria-label={text.label}
          placeholder={text.label}
          value={filter}
          onChange={(event) => setFilter(event.currentTarget.value)}
        />
      </Form>
      <ul className={classes.found}>
        {found.map(({ id, title, words }) => (
          <li key={id}>
            <UnstyledButton className={classes.foundItem} onClick={() => go(id)}>
              <Text span fw={600} size="sm">
                {title}
              </Text>{" "}
              <Text span size="xs" c="dimmed">
                {words || id}
              </Text>
            </UnstyledButton>
          </li>
        ))}
      </ul>
      {found.length === 0 ? <Text c="dimmed">{text.nothing}</Text> : null}
    </Modal>
  );
}

function everything(drawn: DrawnMap): Found[] {
  const words = (facts: { value: string }[]) => facts.map((fact) => fact.value).join(", ");
  return drawn.nodes.flatMap((node) => [
    { id: node.id, title: node.title, words: words(node.facts) },
    ...(node.box ?? []).flatMap((path) =>
      path.actions.map((action) => ({
        id: action.id,
        title: action.title,
        words: words(action.facts),
      })),
    ),
  ]);
}
