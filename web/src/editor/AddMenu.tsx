// The plus on a path and the menu it opens: nodes, and by typing also actions and events.
import { Combobox, Popover, Text, UnstyledButton, useCombobox } from "@mantine/core";
import { Plus } from "lucide-react";
import { memo, useEffect, useId, useState } from "react";
import { strings } from "../strings";
import { insertBoxAction, insertNode } from "./changes";
import { boxable, kept, paste, pasteIntoBox } from "./clipboard";
import { useEditor } from "./EditorScene";
import classes from "./editor.module.css";
import { itemsOf, type PaletteItem, remember } from "./palette";

const text = strings.editor.add;

type Target = { kind: "path"; at: string } | { kind: "box"; list: string; index: number };

export const AddButton = memo(function AddButton({
  target,
  label,
}: {
  target: Target;
  label: string;
}) {
  const [opened, setOpened] = useState(false);
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      position="bottom"
      width={320}
      shadow="lg"
      trapFocus
      returnFocus
      withinPortal
    >
      <Popover.Target>
        <UnstyledButton
          className={`${classes.plus} nodrag nopan`}
          aria-label={label}
          title={label}
          data-opened={opened || undefined}
          data-outlet={target.kind === "path" ? target.at : undefined}
          onClick={(event) => {
            event.stopPropagation();
            setOpened(!opened);
          }}
        >
          <Plus size={13} strokeWidth={2.6} aria-hidden />
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown p={0} aria-label={label} className="nowheel">
        {opened ? <AddMenu target={target} onClose={() => setOpened(false)} /> : null}
      </Popover.Dropdown>
    </Popover>
  );
});

function AddMenu({ target, onClose }: { target: Target; onClose: () => void }) {
  const { draft, catalogue, apply } = useEditor();
  const [filter, setFilter] = useState("");
  const combobox = useCombobox({ defaultOpened: true });
  // The first that matches is one Enter away.
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever something is typed
  useEffect(() => void combobox.selectFirstOption(), [filter]);
  const { subject } = draft.get().manifest;
  const copied = kept();
  const fits = copied?.subject === subject && (target.kind === "path" || boxable(copied));
  const pasteable = fits ? copied : undefined;
  const items = itemsOf(catalogue, { subject, boxed: target.kind === "box", filter });
  const all = items.flatMap((group) => group.items);

  const list = useId();
  const choose = (value: string) => {
    onClose();
    if (value === PASTE && pasteable) {
      apply((manifest) =>
        target.kind === "path"
          ? paste(manifest, target.at, pasteable)
          : pasteIntoBox(manifest, target.list, target.index, pasteable),
      );
      return;
    }
    const item = all.find((each) => each.id === value);
    if (!item) return;
    remember(item.id);
    apply((manifest) => place(manifest, item, target));
  };

  return (
    <Combobox store={combobox} onOptionSubmit={choose}>
      <Combobox.Search
        data-autofocus
        // The list below is its popup: arrow keys go through it from here.
        role="combobox"
        aria-expanded
        aria-controls={list}
        aria-label={text.filter}
        placeholder={text.filter}
        value={filter}
        onChange={(event) => setFilter(event.currentTarget.value)}
        className={classes.menuSearch}
      />
      <Combobox.Options id={list} className={classes.menu} aria-label={text.nodes}>
        {pasteable && filter === "" ? (
          <Combobox.Option value={PASTE} className={classes.menuItem}>
            <Text size="sm" fw={600}>
              {text.paste}
            </Text>
            <Text size="xs" c="dimmed">
              {text.pasteHint(Object.keys(pasteable.nodes).length)}
            </Text>
          </Combobox.Option>
        ) : null}
        {items.map((group) => (
          <Combobox.Group key={group.label} label={group.label}>
            {group.items.map((item) => (
              <MenuItem key={item.id} item={item} />
            ))}
          </Combobox.Group>
        ))}
        {all.length === 0 ? <Combobox.Empty>{text.nothing}</Combobox.Empty> : null}
      </Combobox.Options>
    </Combobox>
  );
}

const PASTE = "paste";

function place(manifest: Parameters<typeof insertNode>[0], item: PaletteItem, target: Target) {
  if (target.kind === "path") return insertNode(manifest, target.at, item.choice);
  const action = "action" in item.choice ? item.choice.action : "";
  return insertBoxAction(manifest, target.list, target.index, action);
}

function MenuItem({ item }: { item: PaletteItem }) {
  const Icon = item.icon;
  return (
    <Combobox.Option value={item.id} className={classes.menuItem}>
      <span className={classes.menuIcon} data-family={item.family} aria-hidden>
        <Icon size={15} />
      </span>
      <span>
        <Text span size="sm" fw={600} display="block">
          {item.label}
        </Text>
        <Text span size="xs" c="dimmed" display="block" lineClamp={2}>
          {item.hint}
        </Text>
      </span>
    </Combobox.Option>
  );
}
