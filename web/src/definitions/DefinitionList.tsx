// The definitions of one kind: who changed them last, what can be made, taken away and exported.
import { ActionIcon, Button, Group, Menu, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Copy, Ellipsis, Plus, Trash2 } from "lucide-react";
import { type ComponentType, type LazyExoticComponent, lazy, Suspense, useState } from "react";
import { useMayWrite } from "../admin/useMay";
import { definitionNamesQuery, definitionsQuery } from "../api/queries";
import type { DefinitionRow, Kind } from "../api/types";
import { useKind } from "../forms/ReferencePicker";
import { humanise, inSentence } from "../shell/format";
import { ListSection } from "../shell/ListPage";
import { useSearchText } from "../shell/ListTools";
import { StateFilter, useStates } from "../shell/StateFilter";
import { CHANGED_LAST, useServerSort } from "../shell/serverSort";
import { BY_CHANGE } from "../shell/sorting";
import { useRows } from "../shell/useRows";
import { strings } from "../strings";
import { addressOf } from "./address";
import { CopyDialog } from "./CopyDialog";
import { definitionColumns } from "./columns";
import { beginsAsDraft } from "./fixed";
import { RemoveDialog } from "./RemoveDialog";
import { iconOf } from "./sections";

const CreateDialog = lazy(() =>
  import("../forms/CreateDialog").then((module) => ({ default: module.CreateDialog })),
);

/** Other ways in which one of a kind is made. */
const MORE_WAYS: Record<string, LazyExoticComponent<ComponentType<{ kind: Kind }>>> = {
  email_template: lazy(() => import("../content/ImportTemplate")),
};

/** Kinds of which an installation has one: another can be made once that is deleted. */
const ONE_ONLY = new Set(["stage_model"]);

const text = strings.definitions;

/** A model alone gives way to another. */
const statesOf = (kind: string) =>
  Object.entries(text.states)
    .filter(([value]) => value !== "archived" || kind === "weighting_model")
    .map(([value, label]) => ({ value, label }));

export function DefinitionList({ kind: name }: { kind: string }) {
  const kind = useKind(name);
  return kind ? <KindList kind={kind} /> : null;
}

function KindList({ kind }: { kind: Kind }) {
  const navigate = useNavigate();
  const columns = definitionColumns(kind);
  const { order = CHANGED_LAST, server } = useServerSort(columns);
  const states = useStates();
  const rows = useRows(definitionsQuery(kind.plural, useSearchText(), order, states));
  const full = useFull(kind);
  const [making, setMaking] = useState(false);
  const [removing, setRemoving] = useState<DefinitionRow[]>();
  const [copying, setCopying] = useState<DefinitionRow>();
  const words = text.kinds[kind.kind];
  const MoreWays = MORE_WAYS[kind.kind];
  const may = useMayWrite(kind.kind);
  const create = !may.write ? null : full ? (
    <Text size="sm" c="dimmed">
      {text.oneOnly(inSentence(kind.label))}
    </Text>
  ) : (
    <Button leftSection={<Plus size={15} aria-hidden />} onClick={() => setMaking(true)}>
      {text.create(inSentence(kind.label))}
    </Button>
  );
  const ways =
    create && MoreWays ? (
      <Group gap="xs" justify="center">
        <Suspense>
          <MoreWays kind={kind} />
        </Suspense>
        {create}
      </Group>
    ) : (
      create
    );
  const bulk = (chosen: DefinitionRow[]) => (
    <Button
      size="xs"
      color="red"
      variant="light"
      leftSection={<Trash2 size={14} aria-hidden />}
      onClick={() => setRemoving(chosen)}
    >
      {text.remove}
    </Button>
  );
  const menu = (row: DefinitionRow) => (
    <RowMenu
      row={row}
      {...(ONE_ONLY.has(kind.kind) ? {} : { onCopy: () => setCopying(row) })}
      onRemove={() => setRemoving([row])}
    />
  );
  return (
    <>
      <ListSection
        id={kind.plural}
        title={words?.title ?? humanise(kind.plural)}
        searchLabel={strings.list.search}
        rows={rows}
        columns={columns}
        rowKey={(row) => row.key}
        server={server}
        usual={BY_CHANGE}
        filters={kind.life_cycle === "plain" ? null : <StateFilter states={statesOf(kind.kind)} />}
        narrowed={states !== undefined}
        actions={ways}
        empty={{
          icon: iconOf(kind.kind),
          title: text.none(words?.title ?? humanise(kind.plural)),
          hint: words?.hint ?? "",
          action: ways,
        }}
        {...(may.write ? { bulk, menu } : {})}
      />
      {making ? (
        <Suspense>
          <CreateDialog
            kind={kind}
            asDraft={beginsAsDraft(kind.kind)}
            onClose={() => setMaking(false)}
            onMade={({ key }) => void navigate({ to: addressOf(kind.plural, key) })}
          />
        </Suspense>
      ) : null}
      {copying ? (
        <CopyDialog
          kind={kind}
          definition={copying.key}
          name={copying.name || copying.key}
          onClose={() => setCopying(undefined)}
        />
      ) : null}
      {removing ? (
        <RemoveDialog kind={kind} rows={removing} onClose={() => setRemoving(undefined)} />
      ) : null}
    </>
  );
}

/** Whether there is one already of a kind of which an installation has one. */
function useFull(kind: Kind): boolean {
  const enabled = ONE_ONLY.has(kind.kind);
  const { data } = useQuery({ ...definitionNamesQuery(kind.plural), enabled });
  // The names may be known from elsewhere in the app, asked for here or not.
  return enabled && (data?.items.length ?? 0) > 0;
}

type RowMenuProps = { row: DefinitionRow; onCopy?: () => void; onRemove: () => void };

function RowMenu({ row, onCopy, onRemove }: RowMenuProps) {
  return (
    <Menu position="bottom-end" shadow="md" withinPortal>
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={strings.list.rowMenu(row.name || row.key)}
        >
          <Ellipsis size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {onCopy ? (
          <Menu.Item leftSection={<Copy size={14} />} onClick={onCopy}>
            {text.copy.button}
          </Menu.Item>
        ) : null}
        <Menu.Item color="red" leftSection={<Trash2 size={14} />} onClick={onRemove}>
          {text.remove}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
