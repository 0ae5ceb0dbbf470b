// Which roles of buying groups are filled, and which are missing; a missing one leads to the groups that lack it.
import { Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { UserCog } from "lucide-react";
import { groupFiguresQuery } from "../api/figures";
import type { GroupFigures } from "../api/types";
import { Card } from "../shell/Card";
import type { Column } from "../shell/DataTable";
import { formatNumber, formatShare } from "../shell/format";
import { LinkTo } from "../shell/LinkTo";
import { ListSection } from "../shell/ListPage";
import classes from "../shell/shell.module.css";
import { wholeRows } from "../shell/useRows";
import { strings } from "../strings";
import { Bars } from "./charts";
import { InterestFilter, useBoard } from "./filters";

const text = strings.dashboards.roles;
type Role = GroupFigures["roles"][number];

const lacking = (role: string, interest: string | undefined) =>
  `/groups?${new URLSearchParams({ missing: role, ...(interest ? { interest } : {}) })}`;

const counted = (id: "members" | "filled"): Column<Role> => ({
  id,
  label: text.columns[id],
  numeric: true,
  value: (row) => row[id],
  cell: (row) => formatNumber(row[id]),
});

const columnsOf = (interest: string | undefined): Column<Role>[] => [
  {
    id: "role",
    label: text.columns.role,
    fixed: true,
    value: (row) => row.role,
    cell: (row) => <b>{row.role}</b>,
  },
  counted("members"),
  counted("filled"),
  {
    id: "missing",
    label: text.columns.missing,
    numeric: true,
    value: (row) => row.missing,
    cell: (row) =>
      row.missing > 0 ? (
        <LinkTo to={lacking(row.role, interest)}>{formatNumber(row.missing)}</LinkTo>
      ) : (
        formatNumber(0)
      ),
  },
  {
    id: "share",
    label: text.columns.share,
    numeric: true,
    value: (row) => row.filled / Math.max(row.filled + row.missing, 1),
    cell: (row) => formatShare(row.filled, row.filled + row.missing),
  },
  {
    id: "engagement",
    label: text.columns.engagement,
    numeric: true,
    value: (row) => row.mean_engagement,
    cell: (row) => formatNumber(row.mean_engagement && Math.round(row.mean_engagement * 10) / 10),
  },
];

export function RolesBoard() {
  const { search } = useBoard();
  const navigate = useNavigate();
  const figures = useQuery(groupFiguresQuery({ interest: search.interest }));
  const roles = figures.data?.roles ?? [];
  return (
    <div className={classes.stack}>
      <Group>
        <InterestFilter />
      </Group>
      {roles.length > 0 ? (
        <Card title={text.chart}>
          <Bars
            label={text.chart}
            // The chart writes every field of a row to its bars; one named `role` would be read as an ARIA role.
            rows={roles.map(({ role, filled, missing }) => ({ name: role, filled, missing }))}
            name="name"
            stacked
            onChoose={({ name }) =>
              void navigate({
                to: "/groups",
                search: {
                  missing: name,
                  ...(search.interest ? { interest: search.interest } : {}),
                },
              })
            }
            series={[
              { key: "filled", label: text.columns.filled, colour: "var(--cv-done)" },
              { key: "missing", label: text.columns.missing, colour: "var(--cv-skipped)" },
            ]}
          />
        </Card>
      ) : null}
      <ListSection
        id="role-figures"
        title={strings.dashboards.tabs.roles}
        rows={wholeRows(figures, figures.data?.roles)}
        columns={columnsOf(search.interest)}
        rowKey={(row) => row.role}
        empty={{ icon: UserCog, title: text.empty, hint: text.emptyHint }}
      />
    </div>
  );
}
