// What can be done with several chosen nodes: at the right of the map, where one node has its properties.
import { Button, CloseButton, Group, Stack, Text, Title } from "@mantine/core";
import { Copy, Trash2 } from "lucide-react";
import map from "../map/map.module.css";
import { strings } from "../strings";
import classes from "./editor.module.css";
import { useTitles } from "./titles";

const text = strings.editor.several;

type Props = {
  ids: ReadonlySet<string>;
  onCopy: () => void;
  onRemove: () => void;
  onLeave: (id: string) => void;
  onClose: () => void;
};

export function SeveralPanel({ ids, onCopy, onRemove, onLeave, onClose }: Props) {
  const titleOf = useTitles();
  return (
    <aside className={map.panel} aria-label={text.title(ids.size)}>
      <Group wrap="nowrap" justify="space-between" className={map.panelHead}>
        <Title order={2}>{text.title(ids.size)}</Title>
        <CloseButton aria-label={text.clear} onClick={onClose} />
      </Group>
      <Stack gap="md" className={map.panelSection}>
        <Text size="sm" c="dimmed">
          {text.hint}
        </Text>
        <ul className={classes.chosen}>
          {[...ids].map((id) => (
            <li key={id}>
              <Text span size="sm">
                {titleOf(id)}
              </Text>
              <CloseButton
                size="sm"
                aria-label={text.leave(titleOf(id))}
                onClick={() => onLeave(id)}
              />
            </li>
          ))}
        </ul>
        <Group gap="xs">
          <Button size="xs" leftSection={<Copy size={14} aria-hidden />} onClick={onCopy}>
            {strings.editor.panel.copy}
          </Button>
          <Button
            size="xs"
            color="red"
            variant="light"
            leftSection={<Trash2 size={14} aria-hidden />}
            onClick={onRemove}
          >
            {strings.editor.panel.delete}
          </Button>
        </Group>
      </Stack>
    </aside>
  );
}
