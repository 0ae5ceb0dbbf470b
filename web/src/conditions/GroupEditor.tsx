// A group of tests: all, any or none of them must hold; groups stand in groups.
import { ActionIcon, Button, Group, SegmentedControl, Text } from "@mantine/core";
import { Crosshair, FolderPlus, X } from "lucide-react";
import type { Catalogue } from "../api/types";
import { isRecord, type Subject } from "../editor/manifest";
import { strings } from "../strings";
import classes from "./conditions.module.css";
import { useDrop } from "./drag";
import { asGroup, type GroupKind, groupFrom, groupOf } from "./operators";
import { innerGroup, type Path, samePath } from "./paths";
import { TestEditor } from "./TestEditor";

const text = strings.conditions;

/** The group that a click in the tree adds to, and how another is chosen; not offered while there is only one. */
export type Adds = { to: Path; choose: (path: Path) => void; offered: boolean };

export type ConditionProps = {
  catalogue: Catalogue;
  subject: Subject;
  inJourney: boolean;
  condition: unknown;
  onChange: (condition: unknown) => void;
  /** The way to it from the top. */
  path: Path;
  adds: Adds;
};

type Props = ConditionProps & { top?: boolean; onRemove?: () => void };

export function GroupEditor(props: Props) {
  const { condition, onChange, top, onRemove, ...shared } = props;
  const { subject, path, adds } = shared;
  const { kind, parts } = asGroup(condition);
  const put = (next: unknown[]) => onChange(groupFrom(kind, next));
  const { held, handlers } = useDrop(subject, (test) => put([...parts, test]));
  const chosen = adds.offered && samePath(adds.to, path);
  return (
    <fieldset
      className={classes.group}
      data-kind={kind}
      data-top={top || undefined}
      data-held={held}
      data-chosen={chosen || undefined}
      aria-label={text.groups[kind]}
      {...handlers}
    >
      <Group justify="space-between" mb={parts.length > 0 ? "sm" : 0}>
        <SegmentedControl
          size="xs"
          aria-label={text.logic}
          data={KINDS.filter((each) => !top || each !== "not").map((each) => ({
            value: each,
            label: text.kinds[each],
          }))}
          value={kind}
          onChange={(next) => {
            onChange(groupFrom(next as GroupKind, parts));
            adds.choose(path);
          }}
        />
        <Group gap={4} wrap="nowrap">
          {adds.offered ? (
            <Button
              size="compact-xs"
              variant={chosen ? "light" : "subtle"}
              leftSection={<Crosshair size={14} aria-hidden />}
              aria-pressed={chosen}
              title={text.addHereHint}
              onClick={() => adds.choose(path)}
            >
              {text.addHere}
            </Button>
          ) : null}
          <Button
            size="compact-xs"
            variant="subtle"
            leftSection={<FolderPlus size={14} aria-hidden />}
            onClick={() => {
              put([...parts, innerGroup(kind)]);
              adds.choose([...path, parts.length]);
            }}
          >
            {text.addGroup}
          </Button>
          {onRemove ? (
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={text.removeGroup}
              onClick={onRemove}
            >
              <X size={15} />
            </ActionIcon>
          ) : null}
        </Group>
      </Group>
      {parts.length === 0 ? (
        <Text size="sm" c="dimmed">
          {top ? text.emptyTop : text.emptyGroup}
        </Text>
      ) : null}
      <ol className={classes.parts}>
        {parts.map((part, n) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: tests have no names of their own
          <li key={n}>
            {n > 0 ? <span className={classes.joint}>{text.joints[kind]}</span> : null}
            <PartEditor
              {...shared}
              path={[...path, n]}
              condition={part}
              onChange={(next) => put(parts.map((each, m) => (m === n ? next : each)))}
              onRemove={() => {
                put(parts.filter((_, m) => m !== n));
                // What stood behind it has another number now.
                adds.choose(path);
              }}
            />
          </li>
        ))}
      </ol>
      {held === "refused" ? (
        <Text size="sm" c="red" mt="xs" role="alert">
          {text.refused[subject]}
        </Text>
      ) : null}
    </fieldset>
  );
}

const KINDS = ["all", "any", "not"] as const;

function PartEditor(props: ConditionProps & { onRemove: () => void }) {
  if (groupOf(props.condition)) return <GroupEditor {...props} />;
  const test = isRecord(props.condition) ? props.condition : {};
  return <TestEditor {...props} test={test} />;
}
