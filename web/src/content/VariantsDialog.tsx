// Who sees what: the variants of a part of the design, in order of priority, and what everybody else sees.
import {
  ActionIcon,
  Group,
  SegmentedControl,
  Select,
  Stack,
  Switch,
  Text,
  TextInput,
  Tooltip,
} from "@mantine/core";
import type { Component, Editor } from "grapesjs";
import { ArrowDown, ArrowUp, Pencil, Plus, Trash2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { type Fields, isRecord } from "../editor/manifest";
import { Dialog } from "../shell/Dialog";
import { strings } from "../strings";
import classes from "./design.module.css";
import { NewCondition } from "./NewCondition";
import { arrange, chainOf, isLocked, type Level, renameCondition } from "./parts";
import {
  against,
  asking,
  moved,
  nameOf,
  type Plan,
  type Planned,
  planOf,
  renamedIn,
  renamedWhen,
} from "./variants";

const text = strings.design.variants;
const CREATE = " create";
const NAME = /^[a-z][a-z0-9_]{0,59}$/;

type Props = {
  editor: Editor;
  /** What can depend, the innermost first. */
  levels: Level[];
  body: Fields;
  onBody: (body: Fields) => void;
  onClose: () => void;
};
type Draft = { planned: (Planned & { id: number })[]; rest: Plan["rest"] };

let ids = 0;
const drafted = (component: Component): Draft => {
  const { planned, rest } = planOf(chainOf(component));
  return { planned: planned.map((each) => ({ ...each, id: ++ids })), rest };
};

export function VariantsDialog({ editor, levels, body, onBody, onClose }: Props) {
  // Where variants are there already, they are what is meant.
  const [level, setLevel] = useState(
    () =>
      levels.find(({ component }) => chainOf(component).variants.some(hasCondition)) ?? levels[0],
  );
  const [draft, setDraft] = useState<Draft>(() =>
    level ? drafted(level.component) : { planned: [], rest: undefined },
  );
  const [conditions, setConditions] = useState(isRecord(body.conditions) ? body.conditions : {});
  const [making, setMaking] = useState<number>();
  const [renaming, setRenaming] = useState<string>();
  if (!level) return null;
  const locked = isLocked(level.component);
  const wrong = against(draft);
  const put = (id: number, when: string) =>
    setDraft((was) => ({
      ...was,
      planned: was.planned.map((each) => (each.id === id ? { ...each, when } : each)),
    }));
  const own = planOf(chainOf(level.component)).rest;
  const rename = (old: string, next: string) => {
    renameCondition(editor, old, next);
    const entries = Object.entries(conditions).map(([name, it]) => [
      name === old ? next : name,
      it,
    ]);
    const renamed = Object.fromEntries(entries);
    setConditions(renamed);
    setDraft((was) => ({
      ...was,
      planned: was.planned.map((each) => ({ ...each, when: renamedWhen(each.when, old, next) })),
    }));
    onBody({ ...inOtherTexts(body, old, next), conditions: renamed });
    setRenaming(undefined);
  };
  const names = Object.keys(conditions);
  return (
    <>
      <Dialog
        title={text.title}
        error={null}
        busy={false}
        ready={!wrong}
        submit={text.apply}
        size="lg"
        onClose={onClose}
        onSubmit={() => {
          if (conditions !== body.conditions && names.length > 0) onBody({ ...body, conditions });
          arrange(level.component, draft);
          onClose();
        }}
      >
        {levels.length > 1 ? (
          <SegmentedControl
            aria-label={text.level}
            data={levels.map(({ name }) => ({ value: name, label: text.levels[name] }))}
            value={level.name}
            onChange={(name) => {
              const next = levels.find((each) => each.name === name);
              if (!next) return;
              setLevel(next);
              setDraft(drafted(next.component));
            }}
          />
        ) : null}
        <Text size="sm" c="dimmed">
          {locked ? text.locked : text.hint}
        </Text>
        <Stack gap={8} component="ol" className={classes.rows}>
          {draft.planned.map(({ id, when, of }, at) => {
            const name = nameOf(when);
            const offered = names.map((each) => ({ value: asking(each), label: each }));
            const foreign = when !== "" && !offered.some(({ value }) => value === when);
            return (
              <li key={id} className={classes.row}>
                <span className={classes.number}>{at + 1}</span>
                <Select
                  className={classes.grow}
                  size="sm"
                  searchable
                  aria-label={text.condition(at + 1)}
                  placeholder={text.pick}
                  description={of === undefined && !locked ? text.copied : undefined}
                  inputWrapperOrder={["input", "description"]}
                  data={[
                    ...offered,
                    ...(foreign ? [{ value: when, label: name ?? when }] : []),
                    { value: CREATE, label: text.create },
                  ]}
                  value={when === "" ? null : when}
                  onChange={(next) =>
                    next === CREATE ? setMaking(id) : next === null ? undefined : put(id, next)
                  }
                />
                <Group gap={4} wrap="nowrap" className={classes.tools}>
                  <Tool
                    label={text.up(at + 1)}
                    disabled={at === 0}
                    onClick={() => setDraft({ ...draft, planned: moved(draft.planned, at, -1) })}
                  >
                    <ArrowUp size={14} aria-hidden />
                  </Tool>
                  <Tool
                    label={text.down(at + 1)}
                    disabled={at === draft.planned.length - 1}
                    onClick={() => setDraft({ ...draft, planned: moved(draft.planned, at, 1) })}
                  >
                    <ArrowDown size={14} aria-hidden />
                  </Tool>
                  <Tool
                    label={text.rename(name ?? "")}
                    disabled={name === undefined || !names.includes(name)}
                    onClick={() => setRenaming(name)}
                  >
                    <Pencil size={14} aria-hidden />
                  </Tool>
                  <Tool
                    label={text.remove(at + 1)}
                    onClick={() =>
                      setDraft({
                        ...draft,
                        planned: draft.planned.filter((each) => each.id !== id),
                      })
                    }
                  >
                    <Trash2 size={14} aria-hidden />
                  </Tool>
                </Group>
              </li>
            );
          })}
          <li className={classes.add}>
            <button
              type="button"
              className={classes.addButton}
              disabled={locked && draft.planned.length > 0}
              onClick={() => {
                const first = { id: ++ids, when: "", of: undefined };
                const rest = locked ? undefined : draft.rest;
                setDraft({ planned: [...draft.planned, first], rest });
              }}
            >
              <Plus size={14} aria-hidden /> {text.add}
            </button>
          </li>
          <li className={classes.row} data-rest>
            <span className={classes.restName}>{text.rest}</span>
            <Switch
              size="sm"
              aria-label={text.restSwitch}
              label={draft.rest === undefined ? text.restOff : text.restOn}
              disabled={locked && draft.planned.length > 0}
              checked={draft.rest !== undefined}
              onChange={(event) =>
                setDraft({
                  ...draft,
                  rest: event.currentTarget.checked ? (own ?? "copy") : undefined,
                })
              }
            />
          </li>
        </Stack>
        {wrong ? (
          <Text size="sm" c={wrong === "empty" ? "dimmed" : "red"} role="status">
            {text.against[wrong]}
          </Text>
        ) : null}
      </Dialog>
      {making !== undefined ? (
        <NewCondition
          taken={names}
          onClose={() => setMaking(undefined)}
          onMade={(name, condition) => {
            setConditions({ ...conditions, [name]: condition });
            put(making, asking(name));
            setMaking(undefined);
          }}
        />
      ) : null}
      {renaming !== undefined ? (
        <Renaming
          old={renaming}
          taken={names}
          onClose={() => setRenaming(undefined)}
          onRename={(next) => rename(renaming, next)}
        />
      ) : null}
    </>
  );
}

const hasCondition = ({ when }: { when: string | undefined }) => when !== undefined;

/** Its other texts with the condition's new name; the content itself comes out of the designer. */
function inOtherTexts(body: Fields, old: string, next: string): Fields {
  const texts = ["subject", "preheader", "text"].flatMap((field) => {
    const written = body[field];
    return typeof written === "string" ? [[field, renamedIn(written, old, next)]] : [];
  });
  return { ...body, ...Object.fromEntries(texts) };
}

type RenamingProps = {
  old: string;
  taken: string[];
  onClose: () => void;
  onRename: (next: string) => void;
};

function Renaming({ old, taken, onClose, onRename }: RenamingProps) {
  const [name, setName] = useState(old);
  const twice = name !== old && taken.includes(name);
  const good = NAME.test(name) && !twice;
  const hint = strings.content.parts.conditionNameHint;
  return (
    <Dialog
      title={text.renameTitle}
      error={null}
      busy={false}
      ready={good && name !== old}
      onClose={onClose}
      onSubmit={() => onRename(name)}
    >
      <TextInput
        label={strings.content.parts.conditionName}
        description={text.renamed}
        error={good ? undefined : twice ? text.taken : hint}
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
    </Dialog>
  );
}

type ToolProps = { label: string; disabled?: boolean; onClick: () => void; children: ReactNode };

function Tool({ label, disabled = false, onClick, children }: ToolProps) {
  return (
    <Tooltip label={label} disabled={disabled}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={30}
        aria-label={label}
        disabled={disabled}
        onClick={onClick}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  );
}
