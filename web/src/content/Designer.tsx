// GrapesJS with its MJML preset, in a frame of ours: loaded only when an email is designed.
import "grapesjs/dist/css/grapes.min.css";
import { ActionIcon, Group, SegmentedControl, Text, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import grapesjs, { type Editor } from "grapesjs";
import * as mjmlModule from "grapesjs-mjml";
import { Redo2, Undo2 } from "lucide-react";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { drawnMailQuery } from "../api/content";
import { definitionNamesQuery } from "../api/queries";
import { type Fields, isRecord } from "../editor/manifest";
import { humanise } from "../shell/format";
import { strings } from "../strings";
import { CommentPins } from "./CommentPins";
import talkClasses from "./comments.module.css";
import { ownComponents } from "./components";
import classes from "./content.module.css";
import type { Drawer } from "./drawn";
import { FieldMenu } from "./FieldMenu";
import { fieldsOf, type OpenField } from "./fields";
import { LockMenu } from "./LockMenu";
import { holdTo, type TemplateLock } from "./locks";
import { framed } from "./mjml";
import { useParts } from "./PartsMenu";
import { keepsTags } from "./tags";
import { useFollowed, useLinkedComment, useTalk } from "./useTalk";

const text = strings.content.email;

type Preset = typeof mjmlModule.default;
/** The package is CommonJS: by bundler, its function stands one or two `default`s deep. */
const mjmlPreset = [mjmlModule.default, (mjmlModule.default as { default?: Preset }).default].find(
  (each): each is Preset => typeof each === "function",
) as Preset;

type Props = {
  definition: string;
  mjml: string;
  onChange: (mjml: string) => void;
  /** What is written cannot be drawn without losing part of it. */
  onBroken: () => void;
  /** The whole definition, for the conditions on which its content depends. */
  body: Fields;
  onBody: (body: Fields) => void;
  /** Key of the journey whose own values can be inserted. */
  journey: string | undefined;
};

export default function Designer({
  definition,
  mjml,
  onChange,
  onBroken,
  body,
  onBody,
  journey,
}: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const blocks = useRef<HTMLDivElement>(null);
  const properties = useRef<HTMLDivElement>(null);
  const [side, setSide] = useState(useLinkedComment() === undefined ? "blocks" : "comments");
  useFollowed(() => setSide("comments"));
  const editor = useRef<Editor>(undefined);
  const talk = useTalk(body, definition, () => editor.current);
  const look = useRef(talk.look);
  const codeNow = useRef<() => string>(() => mjml);
  const [inside] = useState(() => framed(mjml).inside);
  const parts = useParts({ editor: talk.editor, body, onBody, inside }, () => codeNow.current());
  const fields = useRef<Record<string, OpenField>>({});
  fields.current = body.kind === "fragment" ? fieldsOf(body) : {};
  const drawer = useDrawer(body, journey);
  const told = useRef({ onChange, onBroken });
  told.current = { onChange, onBroken };
  const [device, setDevice] = useState("desktop");
  const first = useRef(mjml);
  // The locks with which an email was made stay as they are.
  const lock = useRef(
    body.kind === "email" && isRecord(body.lock) ? (body.lock as TemplateLock) : undefined,
  );
  useEffect(() => {
    if (!frame.current || !blocks.current || !properties.current) return;
    const places = {
      canvas: frame.current,
      blocks: blocks.current,
      properties: properties.current,
    };
    const made = open(places, first.current, {
      onChange: (next) => told.current.onChange(next),
      onBroken: () => told.current.onBroken(),
      fields: () => fields.current,
      drawer,
      onOpen: (opened, code) => {
        codeNow.current = code;
        if (lock.current !== undefined) holdTo(opened, lock.current);
      },
    });
    editor.current = made;
    for (const each of ["load", "component:selected", "component:deselected"]) {
      made?.on(each, () => look.current());
    }
    made?.on("component:selected", () =>
      setSide((was) => (was === "comments" ? was : "properties")),
    );
    return () => {
      editor.current = undefined;
      made?.destroy();
    };
  }, [drawer]);
  const choose = (next: string) => {
    setDevice(next);
    editor.current?.setDevice(next === "phone" ? "Mobile portrait" : "Desktop");
  };
  return (
    <section aria-label={text.designer}>
      <Group justify="space-between" mb="xs" gap="xs">
        <SegmentedControl
          size="xs"
          aria-label={text.device}
          data={[
            { value: "desktop", label: text.desktop },
            { value: "phone", label: text.phone },
          ]}
          value={device}
          onChange={choose}
        />
        <Text size="xs" c="dimmed" visibleFrom="lg">
          {text.chooseText}
        </Text>
        <Group gap={6}>
          <Tool
            label={strings.editor.tools.undo}
            onClick={() => editor.current?.UndoManager.undo()}
          >
            <Undo2 size={15} />
          </Tool>
          <Tool
            label={strings.editor.tools.redo}
            onClick={() => editor.current?.UndoManager.redo()}
          >
            <Redo2 size={15} />
          </Tool>
          {parts.bar}
          {body.kind === "email_template" ? <LockMenu editor={() => editor.current} /> : null}
          <FieldMenu
            journey={journey}
            onChoose={(token) => editor.current && insert(editor.current, token)}
          />
        </Group>
      </Group>
      <div className={classes.designer}>
        <div className={talkClasses.place}>
          <div ref={frame} className={classes.canvas} />
          <CommentPins
            editor={talk.editor}
            threads={talk.threads}
            onChoose={(thread) => {
              talk.choose(thread);
              setSide("comments");
            }}
          />
        </div>
        <div className={classes.side}>
          <SegmentedControl
            size="xs"
            fullWidth
            aria-label={text.side}
            data={[
              { value: "blocks", label: text.blocks },
              { value: "properties", label: text.properties },
              { value: "comments", label: strings.comments.tab },
            ]}
            value={side}
            onChange={setSide}
          />
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too */}
          <div ref={blocks} tabIndex={0} hidden={side !== "blocks"} className={classes.sideBody} />
          {side === "properties" ? parts.chosen : null}
          <div
            ref={properties}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too
            tabIndex={0}
            hidden={side !== "properties"}
            className={classes.sideBody}
          />
          {side === "comments" ? <div className={classes.sideBody}>{talk.panel}</div> : null}
        </div>
      </div>
      {parts.dialog}
    </section>
  );
}

/** What the designer asks of the server for what it draws: as the definition and the journey are then. */
function useDrawer(body: Fields, journey: string | undefined): Omit<Drawer, "head"> {
  const cache = useQueryClient();
  const now = useRef({ body, journey });
  now.current = { body, journey };
  return useMemo(
    () => ({
      html: async (draft) =>
        (await cache.fetchQuery(drawnMailQuery(draft, now.current.journey))).html,
      name: async (key) => {
        const { items } = await cache.fetchQuery(definitionNamesQuery("fragments"));
        return items.find((each) => each.key === key)?.name || humanise(key);
      },
      host: () => now.current.body,
    }),
    [cache],
  );
}

function Tool({
  label,
  onClick,
  children,
}: {
  label: string;
  onClick: () => void;
  children: ReactNode;
}) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="default" size={30} aria-label={label} onClick={onClick}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

type Places = { canvas: HTMLElement; blocks: HTMLElement; properties: HTMLElement };
type Listeners = Pick<Props, "onChange" | "onBroken"> & {
  onOpen: (editor: Editor, code: () => string) => void;
  /** What a fragment leaves open. */
  fields: () => Record<string, OpenField>;
  drawer: Omit<Drawer, "head">;
};

function open(places: Places, mjml: string, listeners: Listeners) {
  const { onChange, onBroken, onOpen, fields, drawer } = listeners;
  const { drawn, head, kept } = framed(mjml);
  const codeOf = (editor: Editor) => kept(editor.getHtml());
  try {
    const editor = grapesjs.init({
      container: places.canvas,
      height: "560px",
      fromElement: false,
      // Nothing is fetched from elsewhere, its icon font neither.
      cssIcons: "",
      blockManager: { appendTo: places.blocks },
      traitManager: { appendTo: places.properties },
      styleManager: { appendTo: places.properties },
      storageManager: false,
      telemetry: false,
      components: drawn,
      plugins: [
        (made) =>
          mjmlPreset(made, {
            useXmlParser: true,
            customComponents: [ownComponents({ ...drawer, head }, fields)],
          }),
      ],
    });
    editor.on("load", () => {
      if (!keepsTags(mjml, codeOf(editor))) {
        onBroken();
        return;
      }
      onOpen(editor, () => codeOf(editor));
      // Loading counts as a change of its own; what a person does comes later.
      editor.on("update", () => onChange(codeOf(editor)));
    });
    return editor;
  } catch {
    onBroken();
    return undefined;
  }
}

/** Into the text that is being written, else behind the text that is chosen. */
function insert(editor: Editor, token: string) {
  const rich = editor.RichTextEditor.globalRte;
  if (editor.getEditing() && rich) {
    rich.insertHTML(token);
    return;
  }
  const chosen = editor.getSelected();
  if (chosen && ["mj-text", "mj-button"].includes(String(chosen.get("type")))) {
    chosen.components(`${chosen.getInnerHTML()} ${token}`);
    return;
  }
  notifications.show({ color: "yellow", message: text.chooseText });
}
