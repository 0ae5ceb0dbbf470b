// External action: which service is called, and what happens when it fails.
import { Stack, Switch } from "@mantine/core";
import { ReferencePicker } from "../forms/ReferencePicker";
import { strings } from "../strings";
import { setBranch } from "./changes";
import { useEditor } from "./EditorScene";
import { branchOf, type NodeBody, write } from "./manifest";
import type { NodeFormProps } from "./NodeEditor";

const text = strings.editor.service;

type Props = NodeFormProps & { node: NodeBody; id: string };

export function ServiceForm({ at, errors, node, id }: Props) {
  const { apply } = useEditor();
  return (
    <Stack gap="md">
      <ServicePicker at={at} errors={errors} node={node} />
      <Switch
        label={text.failed}
        description={text.failedHint}
        checked={branchOf(node, "failed") !== undefined}
        onChange={(event) => {
          const on = event.currentTarget.checked;
          apply((now) => setBranch(now, id, "failed", on));
        }}
      />
    </Stack>
  );
}

export function ServicePicker({
  at,
  errors,
  node,
}: {
  at: string;
  errors: ReadonlyMap<string, string>;
  node: NodeBody;
}) {
  const { set } = useEditor();
  return (
    <ReferencePicker
      kind="external_action"
      label={text.service}
      required
      error={errors.get("/service")}
      value={node.service}
      onChange={(service) =>
        set((now) => write(now, `${at}/service`, service ?? ""), `${at}/service`)
      }
    />
  );
}
