// Split paths: by whom, one card per path with its condition or share, and the path for everybody else.
import {
  ActionIcon,
  Button,
  Group,
  Input,
  NumberInput,
  SegmentedControl,
  Stack,
  Switch,
  Text,
  TextInput,
} from "@mantine/core";
import { ArrowDown, ArrowUp, Plus, Trash2 } from "lucide-react";
import { ConditionField } from "../conditions/ConditionField";
import { strings } from "../strings";
import { addPath, MAX_PATHS, movePath, removePath, resplit, setBranch } from "./changes";
import { useEditor } from "./EditorScene";
import classes from "./editor.module.css";
import { branchOf, isBox, type NodeBody, type PathBody, pathsOf, write } from "./manifest";
import type { NodeFormProps } from "./NodeEditor";
import { AnswerField, FailedSwitch, ServicePicker, ServiceValues } from "./ServiceForm";

const text = strings.editor.split;
const MAX_VARIANTS = 20;

type Props = NodeFormProps & { node: NodeBody; id: string };

export function SplitForm({ manifest, at, errors, node, id }: Props) {
  const { apply } = useEditor();
  const variant = node.type === "variant_split";
  const by = node.by === "person" ? "person" : "account";
  const paths = pathsOf(node);
  const most = variant ? MAX_VARIANTS : MAX_PATHS;
  return (
    <Stack gap="md">
      {manifest.subject === "account" ? (
        <Input.Wrapper label={text.by} description={text.byHint} labelElement="div">
          <SegmentedControl
            fullWidth
            mt={4}
            aria-label={text.by}
            data={[
              { value: "account", label: strings.editor.panel.accounts },
              { value: "person", label: strings.editor.panel.people },
            ]}
            value={by}
            onChange={(next) => apply((now) => resplit(now, id, next as "account" | "person"))}
          />
        </Input.Wrapper>
      ) : null}
      {node.type === "external_split" ? (
        <>
          <ServicePicker at={at} errors={errors} node={node} />
          <ServiceValues at={at} errors={errors} node={node} />
        </>
      ) : null}
      <Text size="xs" c="dimmed">
        {isBox(manifest.subject, node) ? text.boxHint : variant ? shares(paths) : text.first}
      </Text>
      <ol className={classes.paths}>
        {paths.map((path, n) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a path is known by its place; its label is being typed
          <li key={n}>
            <PathCard {...{ manifest, at, errors, node, id, path, by }} n={n} of={paths.length} />
          </li>
        ))}
      </ol>
      <div>
        <Button
          size="xs"
          variant="default"
          leftSection={<Plus size={14} />}
          disabled={paths.length >= most}
          onClick={() => apply((now) => addPath(now, id))}
        >
          {text.add}
        </Button>
      </div>
      {node.type === "external_split" ? <FailedSwitch node={node} id={id} /> : null}
      {variant ? null : (
        <Switch
          label={text.other[by]}
          description={text.otherHint[by]}
          checked={branchOf(node, "other") !== undefined}
          onChange={(event) => {
            const on = event.currentTarget.checked;
            apply((now) => setBranch(now, id, "other", on));
          }}
        />
      )}
    </Stack>
  );
}

const shares = (paths: PathBody[]) =>
  text.shares(paths.reduce((sum, path) => sum + (Number(path.percent) || 0), 0));

type CardProps = Props & { path: PathBody; by: "account" | "person"; n: number; of: number };

function PathCard({ at, errors, node, id, path, by, n, of }: CardProps) {
  const { apply, set } = useEditor();
  const here = `/paths/${n}`;
  const put = (field: string, value: unknown) =>
    set((now) => write(now, `${at}${here}/${field}`, value), `${at}${here}/${field}`);
  return (
    <section className={classes.path} aria-label={text.path(n + 1)}>
      <Group justify="space-between" wrap="nowrap">
        <Text size="xs" fw={600} c="dimmed">
          {text.path(n + 1)}
        </Text>
        <Group gap={2} wrap="nowrap">
          <Tool
            label={text.up}
            icon={ArrowUp}
            disabled={n === 0}
            onClick={() => apply((now) => movePath(now, id, n, -1))}
          />
          <Tool
            label={text.down}
            icon={ArrowDown}
            disabled={n === of - 1}
            onClick={() => apply((now) => movePath(now, id, n, 1))}
          />
          <Tool
            label={text.remove}
            icon={Trash2}
            onClick={() => apply((now) => removePath(now, id, n))}
          />
        </Group>
      </Group>
      <TextInput
        label={text.label}
        required
        maxLength={100}
        error={errors.get(`${here}/label`)}
        value={path.label}
        onChange={(event) => put("label", event.currentTarget.value)}
      />
      {node.type === "variant_split" ? (
        <NumberInput
          label={text.percent}
          min={1}
          max={99}
          allowDecimal={false}
          error={errors.get(`${here}/percent`)}
          value={typeof path.percent === "number" ? path.percent : ""}
          onChange={(percent) => put("percent", Number(percent) || 0)}
        />
      ) : node.type === "external_split" ? (
        <AnswerField
          service={typeof node.service === "string" ? node.service : ""}
          error={errors.get(`${here}/when`) ?? errors.get(here)}
          value={path.when}
          onChange={(when) => put("when", when)}
        />
      ) : (
        <ConditionField
          label={text.condition}
          subject={by}
          inJourney
          error={errors.get(`${here}/when`) ?? errors.get(here)}
          value={path.when}
          onChange={(when) => put("when", when)}
        />
      )}
    </section>
  );
}

type ToolProps = {
  label: string;
  icon: typeof ArrowUp;
  disabled?: boolean;
  onClick: () => void;
};

function Tool({ label, icon: Icon, disabled, onClick }: ToolProps) {
  return (
    <ActionIcon
      size="sm"
      variant="subtle"
      color="gray"
      aria-label={label}
      title={label}
      disabled={disabled ?? false}
      onClick={onClick}
    >
      <Icon size={15} />
    </ActionIcon>
  );
}
