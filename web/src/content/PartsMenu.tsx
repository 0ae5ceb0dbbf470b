// In the designer's bar and above the properties: who sees the chosen part, fragments, and what a fragment leaves open.
import { Button, Group, Menu, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { Component, Editor } from "grapesjs";
import { PencilLine, Puzzle, Split } from "lucide-react";
import { useState } from "react";
import { useMayWrite } from "../admin/useMay";
import { definitionNamesQuery, definitionQuery } from "../api/queries";
import { addressOf } from "../definitions/address";
import { type Fields, isRecord } from "../editor/manifest";
import { humanise } from "../shell/format";
import { LinkTo } from "../shell/LinkTo";
import { strings } from "../strings";
import classes from "./design.module.css";
import { BreakUp, FillIn } from "./FragmentDialogs";
import { type Taken, takenBy } from "./fields";
import { LeaveOpen } from "./LeaveOpen";
import {
  chainOf,
  chosenFragment,
  chosenOpenable,
  type Inserted,
  type Level,
  levelsOf,
  takeIn,
} from "./parts";
import { SaveFragment } from "./SaveFragment";
import { VariantsDialog } from "./VariantsDialog";

const text = strings.content.parts;
const words = strings.design;

type Props = {
  /** The designer, once it is open. */
  editor: () => Editor | undefined;
  body: Fields;
  onBody: (body: Fields) => void;
  /** The element that is drawn around a piece of a design; empty: the design is whole. */
  inside: string;
};

const tell = (message: string) => notifications.show({ color: "yellow", message });

/** What is worked on in a dialog, with the designer that was open then. */
type Work = { editor: Editor } & (
  | { on: "variants"; levels: Level[] }
  | { on: "filling" | "breaking"; inserted: Inserted; taken: Taken }
  | { on: "opening"; block: Component }
  | { on: "saving" }
);

/** The buttons of the bar, what is said of the chosen part, and the dialogs that both open. */
export function useParts({ editor, body, onBody, inside }: Props, written: () => string) {
  const [work, setWork] = useState<Work>();
  const maySave = useMayWrite("fragment").write;
  const onClose = () => setWork(undefined);
  const variants = () => {
    const open = editor();
    const levels = open ? levelsOf(open, inside) : [];
    if (open && levels.length > 0) setWork({ editor: open, on: "variants", levels });
    else tell(words.variants.choose);
  };
  const leaveOpen = () => {
    const open = editor();
    const block = open && chosenOpenable(open);
    if (open && block) setWork({ editor: open, on: "opening", block });
    else tell(words.opening.choose);
  };
  const bar = (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<Split size={14} aria-hidden />}
        onClick={variants}
      >
        {words.variants.button}
      </Button>
      <FragmentMenu
        editor={editor}
        onSave={
          body.kind === "fragment" || !maySave
            ? undefined
            : () => {
                const open = editor();
                if (open) setWork({ editor: open, on: "saving" });
              }
        }
      />
      {body.kind === "fragment" ? (
        <Button
          size="xs"
          variant="default"
          leftSection={<PencilLine size={14} aria-hidden />}
          onClick={leaveOpen}
        >
          {words.opening.button}
        </Button>
      ) : null}
    </>
  );
  const dialog = (() => {
    if (!work) return null;
    switch (work.on) {
      case "variants":
        return <VariantsDialog {...work} body={body} onBody={onBody} onClose={onClose} />;
      case "filling":
        return <FillIn {...work} onClose={onClose} />;
      case "breaking":
        return <BreakUp {...work} body={body} onBody={onBody} onClose={onClose} />;
      case "opening":
        return (
          <LeaveOpen
            block={work.block}
            body={body}
            written={written}
            onBody={onBody}
            onClose={onClose}
          />
        );
      case "saving":
        return <SaveFragment editor={work.editor} body={body} onClose={onClose} />;
    }
  })();
  const open = editor();
  const chosen = open ? (
    <Chosen
      editor={open}
      inside={inside}
      onVariants={variants}
      onFragment={(on, inserted, taken) => setWork({ editor: open, on, inserted, taken })}
    />
  ) : null;
  return { bar, dialog, chosen };
}

type ChosenProps = {
  editor: Editor;
  inside: string;
  onVariants: () => void;
  onFragment: (on: "filling" | "breaking", inserted: Inserted, taken: Taken) => void;
};

/** What can be done with the chosen part beside its properties: a fragment, or one of several variants. */
function Chosen({ editor, inside, onVariants, onFragment }: ChosenProps) {
  const { data } = useQuery(definitionNamesQuery("fragments"));
  const inserted = chosenFragment(editor);
  const taken = inserted && takenBy(inserted.tag);
  const name = data?.items.find(({ key }) => key === taken?.key)?.name;
  const depends = levelsOf(editor, inside).some(({ component }) =>
    chainOf(component).variants.some(({ when }) => when !== undefined),
  );
  if (!taken && !depends) return null;
  const locked = inserted?.component.get("removable") === false;
  const given = Object.keys(taken?.given ?? {}).length;
  return (
    <div className={classes.chosen}>
      {taken && inserted ? (
        <>
          <div>
            <Text size="sm" fw={600}>
              {words.chosen.fragment(name || humanise(taken.key))}
            </Text>
            {given > 0 ? (
              <Text size="xs" c="dimmed">
                {words.chosen.given(given)}
              </Text>
            ) : null}
          </div>
          <Group gap={6}>
            {locked ? null : (
              <>
                <Button
                  size="compact-xs"
                  variant="light"
                  onClick={() => onFragment("filling", inserted, taken)}
                >
                  {words.chosen.fillIn}
                </Button>
                <Button
                  size="compact-xs"
                  variant="default"
                  onClick={() => onFragment("breaking", inserted, taken)}
                >
                  {words.chosen.breakUp}
                </Button>
              </>
            )}
          </Group>
          <Text size="xs">
            <LinkTo to={addressOf("fragments", taken.key)}>{words.chosen.open}</LinkTo>
          </Text>
        </>
      ) : null}
      {depends ? (
        <>
          <Text size="xs" c="dimmed">
            {words.chosen.depends}
          </Text>
          <Group>
            <Button size="compact-xs" variant="light" onClick={onVariants}>
              {words.chosen.variants}
            </Button>
          </Group>
        </>
      ) : null}
    </div>
  );
}

type FragmentProps = Pick<Props, "editor"> & { onSave: (() => void) | undefined };

function FragmentMenu({ editor, onSave }: FragmentProps) {
  const cache = useQueryClient();
  const { data } = useQuery(definitionNamesQuery("fragments"));
  const fragments = data?.items ?? [];
  const take = async (key: string) => {
    const { body } = await cache.fetchQuery(definitionQuery("fragments", key));
    const open = editor();
    if (open) takeIn(open, key, isRecord(body.body) ? body.body : {});
  };
  return (
    <Menu position="bottom-end" shadow="md" withinPortal>
      <Menu.Target>
        <Button size="xs" variant="default" leftSection={<Puzzle size={14} aria-hidden />}>
          {text.fragment}
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={360} style={{ overflowY: "auto" }}>
        {fragments.length === 0 ? <Menu.Label>{text.noFragments}</Menu.Label> : null}
        {fragments.map(({ key, name }) => (
          <Menu.Item key={key} onClick={() => void take(key)}>
            {name || key}
          </Menu.Item>
        ))}
        {onSave ? (
          <>
            <Menu.Divider />
            <Menu.Item onClick={onSave}>{words.saving.fragment}</Menu.Item>
          </>
        ) : null}
      </Menu.Dropdown>
    </Menu>
  );
}
