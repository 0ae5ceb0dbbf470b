// The properties of the chosen node, at the right of the map.
import {
  ActionIcon,
  Alert,
  CloseButton,
  Group,
  Menu,
  Stack,
  Text,
  Title,
  Tooltip,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { Copy, Ellipsis, Trash2 } from "lucide-react";
import type { ReactNode } from "react";
import type { DraftFinding, MapNode } from "../api/types";
import { errorsOf } from "../forms/errors";
import { FromJourney, LiveOnly } from "../forms/ReferencePicker";
import { Tile } from "../map/Card";
import map from "../map/map.module.css";
import { prose } from "../shell/Prose";
import { strings } from "../strings";
import { ActionForm } from "./ActionForm";
import { AudienceForm } from "./AudienceForm";
import { removeBranch, removeNode } from "./changes";
import { copyOf, keep } from "./clipboard";
import { useEditor } from "./EditorScene";
import { ListenForm } from "./ListenForm";
import { MergeForm } from "./MergeForm";
import { isSplit, type Manifest, pointer, type Standing, standingOf } from "./manifest";
import { ServiceForm } from "./ServiceForm";
import { SplitForm } from "./SplitForm";
import { WaitForm } from "./WaitForm";

const text = strings.editor.panel;

type Props = {
  manifest: Manifest;
  id: string;
  card: Pick<MapNode, "title" | "subtitle" | "family" | "icon" | "subject"> & { kind?: string };
  findings: DraftFinding[];
  onClose: () => void;
};

/** What every form of a node gets. */
export type NodeFormProps = {
  manifest: Manifest;
  /** JSON pointer of the node in the manifest. */
  at: string;
  errors: ReadonlyMap<string, string>;
};

export function NodeEditor({ manifest, id, card, findings, onClose }: Props) {
  const standing = standingOf(manifest, id);
  if (!standing) return null;
  const at = placeOf(standing);
  const own = findings.filter(({ pointer: place }) => place === at || place.startsWith(`${at}/`));
  return (
    <aside className={map.panel} aria-label={`${strings.panel.label}: ${card.title}`}>
      <Group wrap="nowrap" align="flex-start" gap="sm" className={map.panelHead}>
        <Tile node={card} />
        <div style={{ flex: 1, minWidth: 0 }}>
          <Title order={2} className={map.panelTitle}>
            {card.title}
          </Title>
          <Text size="xs" c="dimmed">
            {card.subtitle}
          </Text>
        </div>
        {standing.kind === "entry" ? null : (
          <NodeTools manifest={manifest} id={id} standing={standing} />
        )}
        <CloseButton aria-label={text.close} onClick={onClose} />
      </Group>
      <Stack gap="md" className={map.panelSection}>
        <Findings findings={own.filter((finding) => !isInline(finding, at))} />
        <LiveOnly value={true}>
          <FromJourney value={manifest.key}>
            <Form manifest={manifest} standing={standing} at={at} findings={own} />
          </FromJourney>
        </LiveOnly>
      </Stack>
    </aside>
  );
}

function placeOf(standing: Standing): string {
  if (standing.kind === "entry") return pointer("audience");
  return standing.kind === "node" ? pointer("nodes", standing.id) : standing.at;
}

/** Errors in a field stand at the field; where a path leads is drawn, and no field of the form. */
const isInline = ({ severity, pointer }: DraftFinding, at: string) =>
  severity === "error" && pointer !== at && pointer !== `${at}/next`;

/** What the server says of this node as a whole; what it says of one field stands at the field. */
function Findings({ findings }: { findings: DraftFinding[] }) {
  if (findings.length === 0) return null;
  const errors = findings.filter((finding) => finding.severity === "error");
  return (
    <Alert variant="light" color={errors.length > 0 ? "red" : "yellow"} p="xs" role="status">
      <Stack gap={4}>
        {findings.map((finding) => (
          <Text key={finding.pointer + finding.message} size="xs">
            {prose(finding.message)}
          </Text>
        ))}
      </Stack>
    </Alert>
  );
}

type ToolsProps = { manifest: Manifest; id: string; standing: Standing };

function NodeTools({ manifest, id, standing }: ToolsProps) {
  const { draft, apply, select } = useEditor();
  const removed = removeNode(manifest, id);
  const kept = "refused" in removed ? strings.editor.refused[removed.refused] : undefined;
  const copy = (branch: boolean) => {
    const copied = copyOf(draft.get().manifest, id, branch);
    if (!copied) return;
    keep(copied);
    notifications.show({ message: text.copied });
  };
  return (
    <Group gap={2} wrap="nowrap">
      <Tooltip label={kept ?? text.delete} multiline maw={280}>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={text.delete}
          aria-description={kept}
          data-disabled={kept ? true : undefined}
          onClick={() => {
            if (!kept) select(undefined);
            apply((manifest) => removeNode(manifest, id));
          }}
        >
          <Trash2 size={16} />
        </ActionIcon>
      </Tooltip>
      {standing.kind === "boxed" ? (
        <Tooltip label={text.copy}>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={text.copy}
            onClick={() => copy(false)}
          >
            <Copy size={16} />
          </ActionIcon>
        </Tooltip>
      ) : null}
      {standing.kind === "node" ? (
        <Menu position="bottom-end" shadow="md" withinPortal>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={text.more}>
              <Ellipsis size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<Copy size={14} />} onClick={() => copy(false)}>
              {text.copy}
            </Menu.Item>
            <Menu.Item leftSection={<Copy size={14} />} onClick={() => copy(true)}>
              {text.copyBranch}
            </Menu.Item>
            <Menu.Item
              color="red"
              leftSection={<Trash2 size={14} />}
              onClick={() => {
                select(undefined);
                apply((manifest) => removeBranch(manifest, id));
              }}
            >
              <BranchSize manifest={manifest} id={id} />
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      ) : null}
    </Group>
  );
}

/** How much goes with a node and everything after it; counted only while somebody asks. */
function BranchSize({ manifest, id }: { manifest: Manifest; id: string }) {
  const left = removeBranch(manifest, id);
  if ("refused" in left) return text.deleteBranch;
  const gone = Object.keys(manifest.nodes).length - Object.keys(left.manifest.nodes).length;
  return text.deleteBranchOf(gone);
}

type FormProps = {
  manifest: Manifest;
  standing: Standing;
  at: string;
  findings: DraftFinding[];
};

function Form({ manifest, standing, at, findings }: FormProps): ReactNode {
  const errors = errorsOf(
    findings.filter(({ severity }) => severity === "error"),
    at,
  );
  const shared = { manifest, at, errors };
  if (standing.kind === "entry") return <AudienceForm {...shared} />;
  if (standing.kind === "boxed") return <ActionForm {...shared} node={standing.action} boxed />;
  const { node, id } = standing;
  if (node.type === "external_action") return <ServiceForm {...shared} node={node} id={id} />;
  if (isSplit(node)) return <SplitForm {...shared} node={node} id={id} />;
  switch (node.type) {
    case "action":
      return <ActionForm {...shared} node={node} />;
    case "wait":
      return <WaitForm {...shared} node={node} />;
    case "listen":
      return <ListenForm {...shared} node={node} id={id} />;
    case "merge":
      return <MergeForm {...shared} id={id} />;
    default:
      return null;
  }
}
