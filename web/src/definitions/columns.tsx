// What the list of a kind of definitions shows of each.
import { Text } from "@mantine/core";
import type { DefinitionRow, Kind } from "../api/types";
import { momentColumn, textColumn } from "../shell/columns";
import type { Column } from "../shell/DataTable";
import { humanise } from "../shell/format";
import { LinkTo } from "../shell/LinkTo";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";
import { ListedStanding } from "../systems/ListedStanding";
import { reaches } from "../systems/systems";
import { addressOf } from "./address";
import { DefinitionState } from "./DefinitionState";

const text = strings.definitions.columns;
type Row = Column<DefinitionRow>;

/** Kinds whose definitions are of several types. */
const TYPED = new Set(["account_list", "people_list", "connection", "destination", "sms_message"]);

export function definitionColumns(kind: Kind): Row[] {
  const published = kind.life_cycle !== "plain";
  const typeOf = (row: DefinitionRow) => row.type && humanise(row.type);
  return [
    name(kind),
    textColumn("key", text.key, (row) => row.key, { order: "key" }),
    ...(TYPED.has(kind.kind) ? [textColumn("type", text.type, typeOf)] : []),
    DESCRIPTION,
    ...(published ? [STATE] : []),
    ...(reaches(kind.kind) ? [standing(kind)] : []),
    dated("updated", "updated_at"),
    by("updatedBy", "updated_by"),
    { ...dated("created", "created_at"), optional: true },
    by("createdBy", "created_by", true),
    ...(published
      ? [dated("published", "published_at"), by("publishedBy", "published_by", true)]
      : []),
  ];
}

const name = (kind: Kind): Row => ({
  id: "name",
  label: text.name,
  fixed: true,
  order: "name",
  value: (row) => row.name || row.key,
  cell: (row) => (
    <LinkTo className={classes.nameLink} to={addressOf(kind.plural, row.key)}>
      {row.name || row.key}
    </LinkTo>
  ),
});

const DESCRIPTION: Row = {
  id: "description",
  label: text.description,
  optional: true,
  value: (row) => row.description,
  cell: (row) => (
    <Text inherit lineClamp={2} maw={340} title={row.description ?? undefined}>
      {row.description ?? strings.list.none}
    </Text>
  ),
};

const STATE: Row = {
  id: "state",
  label: text.state,
  order: "state",
  value: (row) => row.state,
  cell: (row) => <DefinitionState state={row.state} />,
};

const standing = (kind: Kind): Row => ({
  id: "standing",
  label: strings.systems.standing,
  cell: (row) => <ListedStanding kind={kind.kind} definition={row.key} />,
});

const dated = (
  id: "created" | "updated" | "published",
  of: "created_at" | "updated_at" | "published_at",
): Row => ({ ...momentColumn<DefinitionRow>(id, text[id], (row) => row[of]), order: of });

const by = (
  id: "createdBy" | "updatedBy" | "publishedBy",
  of: "created_by" | "updated_by" | "published_by",
  optional = false,
): Row => textColumn(id, text[id], (row) => row[of], { order: of, optional });
