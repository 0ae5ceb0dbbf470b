// The condition builder: attributes and tests at the left, the groups at the right, and who matches now.
import { Button, Group, Modal, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { catalogueQuery } from "../api/queries";
import type { Subject } from "../editor/manifest";
import { strings } from "../strings";
import { AttributeTree } from "./AttributeTree";
import classes from "./conditions.module.css";
import { GroupEditor } from "./GroupEditor";
import { groupOf } from "./operators";
import { PreviewPane } from "./PreviewPane";
import { addTo, groupAt, hasInnerGroups, type Path, subjectAt } from "./paths";

const text = strings.conditions;
const TOP: Path = [];

type Props = {
  title: string;
  subject: Subject;
  inJourney: boolean;
  value: unknown;
  onChange: (value: unknown) => void;
  onClose: () => void;
};

export function ConditionDialog({ title, subject, inJourney, value, onChange, onClose }: Props) {
  const { data: catalogue } = useQuery(catalogueQuery);
  // The builder always shows a group at the top; a single test becomes a group of one.
  const [condition, setCondition] = useState(() =>
    groupOf(value) && groupOf(value)?.kind !== "not" ? value : { all: value ? [value] : [] },
  );
  const [chosen, choose] = useState(TOP);
  const offered = hasInnerGroups(condition);
  const to = groupAt(condition, chosen) ? chosen : TOP;
  const change = (next: unknown) => {
    setCondition(next);
    const group = groupOf(next);
    onChange(group && group.parts.length === 0 ? undefined : next);
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size="min(1240px, 96vw)"
      classNames={{ body: classes.dialogBody }}
      trapFocus
    >
      {catalogue ? (
        <div className={classes.builder}>
          <AttributeTree
            catalogue={catalogue}
            subject={subjectAt(subject, to)}
            into={offered ? text.groups[groupAt(condition, to)?.kind ?? "all"] : undefined}
            onChoose={(test) => change(addTo(condition, to, test))}
          />
          <section className={classes.logic} aria-label={text.logic}>
            <GroupEditor
              catalogue={catalogue}
              subject={subject}
              inJourney={inJourney}
              condition={condition}
              onChange={change}
              path={TOP}
              adds={{ to, choose, offered }}
              top
            />
          </section>
          <PreviewPane subject={subject} condition={condition} entering={inJourney} />
        </div>
      ) : null}
      <Group justify="space-between" mt="md">
        <Text size="xs" c="dimmed">
          {text.autoSaved}
        </Text>
        <Button onClick={onClose}>{text.done}</Button>
      </Group>
    </Modal>
  );
}
