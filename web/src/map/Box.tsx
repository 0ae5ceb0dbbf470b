// A closed split: a stack of cards that opens to show its paths and closes itself again.
import { UnstyledButton } from "@mantine/core";
import { ChevronDown, ChevronRight, ChevronUp } from "lucide-react";
import { Fragment, memo } from "react";
import type { BoxPath, MapNode } from "../api/types";
import { AddButton } from "../editor/AddMenu";
import { useMaybeEditor } from "../editor/EditorScene";
import { pointer } from "../editor/manifest";
import { pathWord } from "../journeys/words";
import { formatNumber } from "../shell/format";
import { strings } from "../strings";
import { CardFace, Tile } from "./Card";
import { useNodeStatus, useScene } from "./live";
import classes from "./map.module.css";
import { OutcomeBar } from "./OutcomeBar";

type Props = {
  node: MapNode;
  open: boolean;
  selected: boolean;
  selectedInside: string | undefined;
};

export const Box = memo(function Box({ node, open, selected, selectedInside }: Props) {
  const { toggleBox } = useScene();
  const paths = node.box ?? [];
  return (
    <div className={classes.box} data-open={open || undefined}>
      <CardFace node={node} selected={selected}>
        {open
          ? paths.map((path, n) => (
              <Path
                key={listOf(node, n)}
                path={path}
                list={listOf(node, n)}
                box={node}
                selected={selectedInside}
              />
            ))
          : null}
        <UnstyledButton
          className={classes.boxToggle}
          aria-expanded={open}
          onClick={() => toggleBox(node.id)}
        >
          {open ? <ChevronUp size={15} aria-hidden /> : <ChevronDown size={15} aria-hidden />}
          {open ? strings.map.close : `${strings.map.open} · ${strings.map.boxPaths(paths.length)}`}
        </UnstyledButton>
      </CardFace>
    </div>
  );
});

/** JSON pointer of a path's actions: the labelled ones first, then those that every split may have. */
function listOf(node: MapNode, n: number): string {
  const { paths } = node.settings;
  const labelled = Array.isArray(paths) ? paths.length : 0;
  const name = node.box?.[n]?.path ?? "";
  return n < labelled
    ? pointer("nodes", node.id, "paths", n, "actions")
    : pointer("nodes", node.id, name, "actions");
}

function Path({
  path,
  list,
  box,
  selected,
}: {
  path: BoxPath;
  list: string;
  box: MapNode;
  selected: string | undefined;
}) {
  const count = useNodeStatus(box.id)?.paths[path.path ?? path.label];
  const editable = useMaybeEditor() !== null;
  const plus = (index: number) =>
    editable ? (
      <AddButton
        target={{ kind: "box", list, index }}
        label={strings.editor.add.inBox(pathWord(path.label))}
      />
    ) : null;
  return (
    <section className={classes.boxPath} aria-label={pathWord(path.label)}>
      <span className={classes.boxLabel}>
        <span className={classes.chip}>
          <span className={classes.chipLabel}>{pathWord(path.label)}</span>
          {count === undefined ? null : <b>{formatNumber(count)}</b>}
        </span>
      </span>
      <div className={classes.boxActions}>
        {path.actions.length === 0 ? (
          <span className={classes.boxEmpty}>{strings.map.boxEmpty}</span>
        ) : null}
        {path.actions.map((action, index) => (
          <Fragment key={action.id}>
            {plus(index)}
            <BoxAction
              action={action}
              first={index === 0 || editable}
              selected={selected === action.id}
            />
          </Fragment>
        ))}
        {plus(path.actions.length)}
      </div>
    </section>
  );
}

type Action = BoxPath["actions"][number];

function BoxAction({
  action,
  first,
  selected,
}: {
  action: Action;
  first: boolean;
  selected: boolean;
}) {
  const { open, published } = useScene();
  const status = useNodeStatus(action.id);
  const subtitle = action.facts[0]?.value ?? "";
  return (
    <>
      {first ? null : <ChevronRight className={classes.boxArrow} size={16} aria-hidden />}
      <div className={classes.boxCard} data-card={action.id} data-selected={selected || undefined}>
        <button
          type="button"
          className={classes.boxCardHead}
          aria-label={strings.map.node(action.title, subtitle)}
          aria-pressed={selected}
          onClick={(event) => {
            event.stopPropagation();
            open(action.id);
          }}
        >
          <Tile node={{ icon: action.icon, family: "action" }} small />
          <span className={classes.cardText}>
            <span className={classes.cardTitle}>{action.title}</span>
            <span className={classes.cardSubtitle}>{subtitle}</span>
          </span>
        </button>
        {published ? (
          <>
            <div className={classes.boxCounts}>
              <span data-count="reached">{strings.subjects.people(status?.reached ?? 0)}</span>
            </div>
            <OutcomeBar title={action.title} outcomes={status?.outcomes} />
          </>
        ) : null}
      </div>
    </>
  );
}
