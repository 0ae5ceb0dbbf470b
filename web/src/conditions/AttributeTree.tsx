// What can be asked, in folders, with search. A click puts a test into the condition; so does dragging it there.
import { ScrollArea, Text, TextInput, UnstyledButton } from "@mantine/core";
import { ChevronDown, ChevronRight, Plus, Search } from "lucide-react";
import { useState } from "react";
import type { Catalogue } from "../api/types";
import type { Fields, Subject } from "../editor/manifest";
import { strings } from "../strings";
import classes from "./conditions.module.css";
import { carry } from "./drag";
import { type Folder, treeOf } from "./tests";

const text = strings.conditions;

type Props = {
  catalogue: Catalogue;
  subject: Subject;
  /** The group that a click adds to, where there are several. */
  into?: string | undefined;
  onChoose: (test: Fields) => void;
};

export function AttributeTree({ catalogue, subject, into, onChoose }: Props) {
  const [filter, setFilter] = useState("");
  const wanted = filter.trim().toLowerCase();
  const folders = treeOf(catalogue, subject)
    .map((folder) => ({
      ...folder,
      leaves: folder.leaves.filter((leaf) => leaf.label.toLowerCase().includes(wanted)),
    }))
    .filter((folder) => folder.leaves.length > 0);
  return (
    <section className={classes.tree} aria-label={text.filters[subject]}>
      <TextInput
        data-autofocus
        aria-label={text.searchAttributes}
        placeholder={text.searchAttributes}
        leftSection={<Search size={15} aria-hidden />}
        value={filter}
        onChange={(event) => setFilter(event.currentTarget.value)}
      />
      {into ? (
        <Text size="xs" c="dimmed" aria-live="polite">
          {text.addsTo(into)}
        </Text>
      ) : null}
      <ScrollArea className={classes.treeScroll} type="auto" offsetScrollbars>
        {folders.map((folder, n) => (
          <FolderView
            key={folder.label}
            folder={folder}
            subject={subject}
            begins={n === 0}
            searching={wanted !== ""}
            onChoose={onChoose}
          />
        ))}
        {folders.length === 0 ? (
          <Text size="sm" c="dimmed" p="xs">
            {text.nothing}
          </Text>
        ) : null}
      </ScrollArea>
    </section>
  );
}

function FolderView({
  folder,
  subject,
  begins,
  searching,
  onChoose,
}: {
  folder: Folder;
  subject: Subject;
  begins: boolean;
  searching: boolean;
  onChoose: (test: Fields) => void;
}) {
  const [opened, setOpened] = useState(begins);
  const open = opened || searching;
  return (
    <div>
      <UnstyledButton
        className={classes.folder}
        aria-expanded={open}
        onClick={() => setOpened(!opened)}
      >
        {open ? <ChevronDown size={15} aria-hidden /> : <ChevronRight size={15} aria-hidden />}
        {folder.label}
        <Text span size="xs" c="dimmed" ml="auto">
          {folder.leaves.length}
        </Text>
      </UnstyledButton>
      {open ? (
        <ul className={classes.leaves}>
          {folder.leaves.map((leaf) => (
            <li key={leaf.id}>
              <UnstyledButton
                className={classes.leaf}
                draggable
                onDragStart={(event: React.DragEvent) => carry(event, subject, leaf.make())}
                onClick={() => onChoose(leaf.make())}
              >
                <Plus size={13} aria-hidden />
                {leaf.label}
              </UnstyledButton>
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}
