// Take an action: on whom, which one, and its settings by the action's own schema.
import { Input, SegmentedControl, Select, Stack, Text } from "@mantine/core";
import { SchemaForm } from "../forms/SchemaForm";
import { fieldsOf } from "../forms/schema";
import { humanise } from "../shell/format";
import { prose } from "../shell/Prose";
import { strings } from "../strings";
import { chooseAction } from "./changes";
import { useEditor } from "./EditorScene";
import { type Fields, write } from "./manifest";
import type { NodeFormProps } from "./NodeEditor";

const text = strings.editor.panel;

type Props = NodeFormProps & { node: Fields; boxed?: boolean };

export function ActionForm({ manifest, at, errors, node, boxed }: Props) {
  const { catalogue, set } = useEditor();
  const on = boxed || node.on === "people" ? "people" : "account";
  const offered = catalogue.actions.filter(
    (action) =>
      action.subject === on && (manifest.subject === "account" || action.in_person_journeys),
  );
  const key = typeof node.action === "string" ? node.action : "";
  const action = catalogue.actions.find((each) => each.key === key);
  const groups = [...new Set(offered.map((each) => each.category))].map((category) => ({
    group: text.categories[category] ?? humanise(category),
    items: offered
      .filter((each) => each.category === category)
      .map((each) => ({ value: each.key, label: each.label })),
  }));
  const fields = action ? fieldsOf(action.schema) : [];
  return (
    <Stack gap="md">
      {boxed || manifest.subject === "person" ? null : (
        <Input.Wrapper label={text.on} description={text.onHint} labelElement="div">
          <SegmentedControl
            fullWidth
            mt={4}
            aria-label={text.on}
            data={[
              { value: "account", label: text.accounts },
              { value: "people", label: text.people },
            ]}
            value={on}
            onChange={(next) => set((now) => chooseAction(now, at, next, ""), `${at}/on`)}
          />
        </Input.Wrapper>
      )}
      <Select
        label={text.action[on]}
        description={action && prose(action.description)}
        placeholder={text.chooseAction}
        required
        searchable
        allowDeselect={false}
        nothingFoundMessage={strings.forms.nothingFound}
        error={errors.get("/action")}
        data={groups}
        value={key === "" ? null : key}
        onChange={(chosen) =>
          chosen && set((now) => chooseAction(now, at, on, chosen), `${at}/action`)
        }
      />
      {action && fields.length === 0 ? (
        <Text size="sm" c="dimmed">
          {text.noSettings}
        </Text>
      ) : null}
      <SchemaForm
        key={key}
        fields={fields}
        value={node}
        errors={errors}
        onChange={(next, field) => set((now) => write(now, at, next), `${at}/${field}`)}
      />
    </Stack>
  );
}
