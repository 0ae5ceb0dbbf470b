// The stage model as a small graph: stages are cards, allowed moves are the arrows between them.
import "@xyflow/react/dist/base.css";
import {
  ActionIcon,
  Alert,
  Button,
  Group,
  MultiSelect,
  Select,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
  Tooltip,
} from "@mantine/core";
import {
  Background,
  type Connection,
  Controls,
  type Edge,
  Handle,
  MarkerType,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
} from "@xyflow/react";
import { Flag, Plus, Trash2, Trophy } from "lucide-react";
import { memo, useMemo, useState } from "react";
import type { EditorProps } from "../definitions/editors";
import { fixedOf } from "../definitions/fixed";
import { Card } from "../shell/Card";
import { Facts } from "../shell/Facts";
import { strings } from "../strings";
import {
  connected,
  disconnected,
  freshName,
  goesAround,
  HEIGHT,
  movesOf,
  placesOf,
  type Stage,
  stagesOf,
  WIDTH,
  withoutStage,
  withStage,
} from "./model";
import classes from "./stages.module.css";

const text = strings.groups.stages;

export default function StageEditor({ body, onChange, errors, onlyLooks }: EditorProps) {
  const stages = stagesOf(body);
  const fixed = onlyLooks || fixedOf("stage_model", body).includes("stages");
  const [chosen, setChosen] = useState(0);
  const put = (next: Stage[]) => onChange({ ...body, stages: next });
  const add = () => {
    put([...stages, { name: freshName(stages, text.newStage) }]);
    setChosen(stages.length);
  };
  const stage = stages[chosen];
  return (
    <Card
      title={text.title}
      aside={
        fixed ? null : (
          <Button
            variant="default"
            size="xs"
            leftSection={<Plus size={14} aria-hidden />}
            onClick={add}
          >
            {text.add}
          </Button>
        )
      }
    >
      {fixed ? null : (
        <Text size="xs" c="dimmed" mb="sm">
          {text.hint}
        </Text>
      )}
      {errors.get("/stages") ? (
        <Alert color="red" variant="light" mb="sm">
          {errors.get("/stages")}
        </Alert>
      ) : null}
      <div className={classes.split}>
        <Graph
          stages={stages}
          chosen={stage?.name}
          fixed={fixed}
          onChoose={(name) => setChosen(stages.findIndex((each) => each.name === name))}
          onChange={put}
        />
        {stage && fixed ? <StageFacts stage={stage} /> : null}
        {stage && !fixed ? (
          <StageForm
            stage={stage}
            others={stages.filter((each) => each !== stage).map((each) => each.name)}
            error={(field) => errors.get(`/stages/${chosen}/${field}`)}
            onChange={(change) => put(withStage(stages, chosen, change))}
            onRemove={() => {
              put(withoutStage(stages, chosen));
              setChosen(0);
            }}
          />
        ) : null}
        {stage ? null : (
          <Text c="dimmed" size="sm">
            {text.none}
          </Text>
        )}
      </div>
    </Card>
  );
}

type StageNode = Node<{ stage: Stage; onChoose: (name: string) => void }>;

const StageView = memo(function StageView(props: NodeProps<StageNode>) {
  const { data, selected, isConnectable } = props;
  const { stage, onChoose } = data;
  return (
    <>
      <Handle
        type="target"
        position={Position.Left}
        className={classes.port}
        isConnectable={isConnectable}
      />
      <button
        type="button"
        className={classes.stage}
        data-end={String(stage.destination ?? "")}
        aria-pressed={selected}
        onClick={() => onChoose(stage.name)}
      >
        {stage.entry === true ? <Flag size={14} aria-label={text.begins} /> : null}
        {stage.destination === "success" ? (
          <Trophy size={14} aria-label={text.ends.success} />
        ) : null}
        <span>{stage.name}</span>
      </button>
      <Handle
        type="source"
        position={Position.Right}
        className={classes.port}
        isConnectable={isConnectable}
      />
      <Handle
        type="source"
        id={AROUND}
        position={Position.Bottom}
        className={classes.around}
        isConnectable={false}
      />
    </>
  );
});

/** Where moves leave that lead around other stages. */
const AROUND = "around";
const NODE_TYPES = { stage: StageView };
const ARROW = {
  type: MarkerType.ArrowClosed,
  width: 18,
  height: 18,
  color: "var(--cv-line-strong)",
};

type GraphProps = {
  stages: Stage[];
  chosen: string | undefined;
  /** To look at alone. */
  fixed: boolean;
  onChoose: (name: string) => void;
  onChange: (stages: Stage[]) => void;
};

function Graph({ stages, chosen, fixed, onChoose, onChange }: GraphProps) {
  const places = useMemo(() => placesOf(stages), [stages]);
  const [edge, setEdge] = useState<string>();
  const nodes = stages.map(
    (stage): StageNode => ({
      id: stage.name,
      type: "stage",
      position: places.get(stage.name) ?? { x: 0, y: 0 },
      width: WIDTH,
      height: HEIGHT,
      measured: { width: WIDTH, height: HEIGHT },
      selected: stage.name === chosen,
      data: { stage, onChoose },
    }),
  );
  const edges = stages.flatMap((stage) =>
    movesOf(stage).map(
      (to): Edge => ({
        id: `${stage.name} → ${to}`,
        source: stage.name,
        target: to,
        sourceHandle: goesAround(places, stage.name, to) ? AROUND : null,
        type: "smoothstep",
        selected: edge === `${stage.name} → ${to}`,
        markerEnd: ARROW,
      }),
    ),
  );
  return (
    <section className={classes.graph} data-fixed={fixed || undefined} aria-label={text.graph}>
      <ReactFlow
        key={stages.length}
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        nodesDraggable={false}
        nodesFocusable={false}
        fitView
        fitViewOptions={{ padding: 0.15, maxZoom: 1 }}
        minZoom={0.2}
        maxZoom={1.5}
        nodesConnectable={!fixed}
        deleteKeyCode={fixed ? null : ["Delete", "Backspace"]}
        onConnect={({ source, target }: Connection) => onChange(connected(stages, source, target))}
        onEdgesChange={(changes) => {
          for (const change of changes)
            if (change.type === "select") setEdge(change.selected ? change.id : undefined);
        }}
        onEdgesDelete={(gone) =>
          onChange(
            gone.reduce((left, { source, target }) => disconnected(left, source, target), stages),
          )
        }
        onNodesDelete={() => undefined}
        proOptions={{ hideAttribution: true }}
      >
        <Background gap={22} size={1.2} color="var(--cv-line)" />
        <Controls showInteractive={false} className={classes.controls} />
      </ReactFlow>
    </section>
  );
}

/** A stage that stays as it is. */
function StageFacts({ stage }: { stage: Stage }) {
  const end = typeof stage.destination === "string" ? stage.destination : "none";
  const to = movesOf(stage);
  return (
    <Stack gap="sm" component="section" aria-label={text.stage}>
      <Text fw={600}>{stage.name}</Text>
      {typeof stage.description === "string" ? <Text size="sm">{stage.description}</Text> : null}
      <Facts
        facts={[
          {
            label: text.entry,
            value: stage.entry === true ? strings.values.yes : strings.values.no,
          },
          { label: text.end, value: text.ends[end as keyof typeof text.ends] },
          { label: text.to, value: to.length > 0 ? to.join(", ") : strings.list.none },
        ]}
      />
    </Stack>
  );
}

type FormProps = {
  stage: Stage;
  others: string[];
  error: (field: string) => string | undefined;
  onChange: (change: Partial<Stage>) => void;
  onRemove: () => void;
};

function StageForm({ stage, others, error, onChange, onRemove }: FormProps) {
  const end = typeof stage.destination === "string" ? stage.destination : "none";
  return (
    <Stack gap="sm" component="section" aria-label={text.stage}>
      <Group justify="space-between" wrap="nowrap">
        <Text fw={600}>{text.stage}</Text>
        <Tooltip label={text.remove}>
          <ActionIcon variant="subtle" color="gray" aria-label={text.remove} onClick={onRemove}>
            <Trash2 size={16} />
          </ActionIcon>
        </Tooltip>
      </Group>
      <TextInput
        label={text.name}
        required
        maxLength={100}
        error={error("name")}
        value={stage.name}
        onChange={(event) => onChange({ name: event.currentTarget.value })}
      />
      <Textarea
        label={text.description}
        autosize
        minRows={2}
        error={error("description")}
        value={typeof stage.description === "string" ? stage.description : ""}
        onChange={(event) => onChange({ description: event.currentTarget.value || undefined })}
      />
      <Switch
        label={text.entry}
        checked={stage.entry === true}
        onChange={(event) => onChange({ entry: event.currentTarget.checked })}
      />
      <Select
        label={text.end}
        allowDeselect={false}
        error={error("destination")}
        data={Object.entries(text.ends).map(([value, label]) => ({ value, label }))}
        value={end}
        onChange={(next) => onChange({ destination: next === "none" ? undefined : next })}
      />
      <MultiSelect
        label={text.to}
        searchable
        error={error("to")}
        data={others}
        value={movesOf(stage)}
        onChange={(to) => onChange({ to })}
      />
    </Stack>
  );
}
