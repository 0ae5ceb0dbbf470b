import type { GroupRow } from "../api/types";
import { textColumn } from "../shell/columns";
import type { Column } from "../shell/DataTable";
import { at, LinkTo } from "../shell/LinkTo";
import { Moment } from "../shell/Moment";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";
import { Score } from "./Score";

const text = strings.groups.columns;

export const GROUP_COLUMNS: Column<GroupRow>[] = [
  {
    id: "name",
    order: "name",
    fields: ["name"],
    label: text.name,
    fixed: true,
    value: (row) => row.name,
    cell: (row) => (
      <LinkTo className={classes.nameLink} to={at("/groups", row.id)}>
        {row.name}
      </LinkTo>
    ),
  },
  {
    id: "account",
    order: "account",
    fields: ["account_name"],
    label: text.account,
    value: (row) => row.account.name ?? row.account.key,
    cell: (row) => (
      <LinkTo to={at("/accounts", row.account.key)}>{row.account.name ?? row.account.key}</LinkTo>
    ),
  },
  {
    id: "interest",
    order: "solution_interest",
    fields: ["solution_interest"],
    label: text.interest,
    value: (row) => row.solution_interest.name ?? row.solution_interest.key,
    cell: (row) => row.solution_interest.name ?? row.solution_interest.key,
  },
  {
    id: "members",
    order: "members",
    fields: ["members"],
    label: text.members,
    numeric: true,
    value: (row) => row.members,
    cell: (row) => row.members,
  },
  {
    id: "completeness",
    order: "completeness",
    fields: ["completeness"],
    label: text.completeness,
    value: (row) => row.completeness,
    cell: (row) => <Score of={`${text.completeness}: ${row.name}`} percent={row.completeness} />,
  },
  {
    id: "engagement",
    order: "engagement",
    fields: ["engagement"],
    label: text.engagement,
    value: (row) => row.engagement,
    cell: (row) => <Score of={`${text.engagement}: ${row.name}`} percent={row.engagement} />,
  },
  textColumn("stage", text.stage, (row) => row.stage, { order: "stage", fields: ["stage"] }),
  textColumn("status", text.status, (row) => row.status, { order: "status", fields: ["status"] }),
  {
    id: "updated",
    order: "updated_at",
    fields: ["updated_at"],
    label: text.updated,
    value: (row) => row.updated_at,
    cell: (row) => <Moment at={row.updated_at} dimmed />,
  },
];
