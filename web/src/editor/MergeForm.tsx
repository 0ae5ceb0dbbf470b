// Merge paths: ticks for every path that ends and could come together here.
import { Checkbox, Stack, Text } from "@mantine/core";
import { strings } from "../strings";
import { mergeable, setJoined } from "./changes";
import { useEditor } from "./EditorScene";
import type { NodeFormProps } from "./NodeEditor";
import { useTitles } from "./titles";

const text = strings.editor.merge;

export function MergeForm({ manifest, errors, id }: NodeFormProps & { id: string }) {
  const { apply } = useEditor();
  const titleOf = useTitles();
  const paths = mergeable(manifest, id);
  return (
    <Stack gap="sm">
      <Checkbox.Group
        label={text.paths}
        description={text.hint}
        error={errors.get("")}
        value={paths.filter((path) => path.joined).map((path) => path.at)}
      >
        <Stack gap="xs" mt="sm">
          {paths.map((path) => (
            <Checkbox
              key={path.at}
              value={path.at}
              label={
                path.path === null
                  ? titleOf(path.from)
                  : text.path(titleOf(path.from), strings.paths[path.path] ?? path.path)
              }
              onChange={(event) => {
                const on = event.currentTarget.checked;
                apply((now) => setJoined(now, id, path.at, on));
              }}
            />
          ))}
        </Stack>
      </Checkbox.Group>
      {paths.length < 2 ? (
        <Text size="xs" c="dimmed">
          {text.none}
        </Text>
      ) : null}
    </Stack>
  );
}
