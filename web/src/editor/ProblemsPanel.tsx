// What stands against publishing; each line leads to its node.
import { Badge, CloseButton, Group, Text, Title, UnstyledButton } from "@mantine/core";
import type { DraftFinding } from "../api/types";
import map from "../map/map.module.css";
import { prose } from "../shell/Prose";
import { strings } from "../strings";
import { useEditor } from "./EditorScene";
import classes from "./editor.module.css";
import { boxActions, ENTRY, type Manifest } from "./manifest";
import { useTitles } from "./titles";

const text = strings.editor.problems;

type Props = { findings: DraftFinding[]; onClose: () => void };

export function ProblemsPanel({ findings, onClose }: Props) {
  const { select, draft } = useEditor();
  const titleOf = useTitles();
  return (
    <aside className={map.panel} aria-label={text.title}>
      <Group wrap="nowrap" justify="space-between" className={map.panelHead}>
        <Title order={2}>{text.title}</Title>
        <CloseButton aria-label={text.close} onClick={onClose} />
      </Group>
      {findings.length === 0 ? (
        <Text c="dimmed" className={map.panelSection}>
          {text.none}
        </Text>
      ) : (
        <ul className={classes.problems}>
          {findings.map((finding) => {
            const node = nodeOf(finding, draft.get().manifest);
            return (
              <li key={`${finding.code} ${finding.pointer} ${finding.message}`}>
                <UnstyledButton
                  className={classes.problem}
                  disabled={node === undefined}
                  onClick={() => node && select(node)}
                >
                  <Group gap={8} mb={2}>
                    <Badge
                      size="sm"
                      tt="none"
                      variant="light"
                      color={finding.severity === "error" ? "red" : "yellow"}
                    >
                      {finding.severity === "error" ? text.error : text.warning}
                    </Badge>
                    <Text span size="xs" fw={600}>
                      {node ? titleOf(node) : text.onJourney}
                    </Text>
                  </Group>
                  <Text size="sm">{prose(finding.message)}</Text>
                </UnstyledButton>
              </li>
            );
          })}
        </ul>
      )}
    </aside>
  );
}

/** The card that a finding is about: an action inside a box where it says so. */
function nodeOf(finding: DraftFinding, { nodes }: Manifest): string | undefined {
  const node = finding.node ? nodes[finding.node] : undefined;
  if (finding.node && node) {
    const boxed = boxActions(finding.node, node).find(({ at }) =>
      finding.pointer.startsWith(`${at}/`),
    );
    return boxed?.action.id ?? finding.node;
  }
  return finding.pointer.startsWith("/audience") ? ENTRY : undefined;
}
