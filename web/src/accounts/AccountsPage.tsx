import { Building2 } from "lucide-react";
import { useMayAny } from "../admin/useMay";
import type { ExportOf } from "../api/exports";
import { accountsQuery } from "../api/queries";
import type { AccountRow } from "../api/types";
import { useAttributeColumns } from "../customers/attributeColumns";
import { MergeButton } from "../customers/MergeButton";
import { PassedOver, usePassedOver } from "../customers/PassedOver";
import { ImportButton } from "../imports/ImportButton";
import { AddToList } from "../shell/AddToList";
import { textColumn } from "../shell/columns";
import type { Column } from "../shell/DataTable";
import { formatNumber } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { ListPage } from "../shell/ListPage";
import { useSearchText } from "../shell/ListTools";
import { Moment } from "../shell/Moment";
import { useServerSort } from "../shell/serverSort";
import classes from "../shell/shell.module.css";
import { BY_KEY } from "../shell/sorting";
import { useRows } from "../shell/useRows";
import { strings } from "../strings";

const text = strings.accounts;

const COLUMNS: Column<AccountRow>[] = [
  {
    id: "name",
    label: text.columns.name,
    fixed: true,
    order: "name",
    fields: ["name"],
    value: (row) => row.name || row.key,
    cell: (row) => (
      <LinkTo className={classes.nameLink} to={at("/accounts", row.key)}>
        {row.name || row.key}
      </LinkTo>
    ),
  },
  textColumn("industry", text.columns.industry, (row) => row.industry, {
    order: "industry",
    fields: ["industry"],
  }),
  textColumn("country", text.columns.country, (row) => row.country, {
    order: "country",
    fields: ["country"],
  }),
  {
    id: "employees",
    label: text.columns.employees,
    numeric: true,
    order: "employees",
    fields: ["employees"],
    value: (row) => row.employees,
    cell: (row) => formatNumber(row.employees),
  },
  {
    id: "people",
    label: text.columns.people,
    numeric: true,
    order: "people",
    fields: ["people"],
    value: (row) => row.people,
    cell: (row) => formatNumber(row.people),
  },
  textColumn("owner", text.columns.owner, (row) => row.owner_email, {
    order: "owner_email",
    fields: ["owner_email"],
  }),
  textColumn("key", text.columns.key, (row) => row.key, {
    optional: true,
    order: "key",
    fields: ["key"],
  }),
  {
    id: "updated",
    label: text.columns.updated,
    order: "updated_at",
    fields: ["updated_at"],
    value: (row) => row.updated_at,
    cell: (row) => <Moment at={row.updated_at} dimmed />,
  },
];

export function AccountsPage() {
  const passedOver = usePassedOver<"no_name">("account");
  const mayChange = useMayAny(["customers:delete", "customers:write"]);
  const q = useSearchText();
  const { columns, attributes } = useAttributeColumns("accounts", "account", COLUMNS);
  const { order, server } = useServerSort(columns);
  const rows = useRows(accountsQuery(q, passedOver, order, attributes));
  return (
    <ListPage
      id="accounts"
      title={text.title}
      searchLabel={strings.list.search}
      rows={rows}
      columns={columns}
      rowKey={(row) => row.key}
      server={server}
      usual={BY_KEY}
      exported={
        { accounts: { q: q || null, passed_over: passedOver ?? null, ...order } } as ExportOf
      }
      filters={<PassedOver subject="account" />}
      narrowed={passedOver !== undefined}
      actions={<ImportButton kind="accounts" />}
      bulk={
        mayChange
          ? (chosen, done) => (
              <>
                <MergeButton
                  subject="account"
                  chosen={chosen.map(({ key, name }) => ({ key, name: name || key }))}
                />
                <AddToList plural="account_lists" keys={chosen.map(({ key }) => key)} done={done} />
              </>
            )
          : undefined
      }
      empty={{
        icon: Building2,
        title: text.empty,
        hint: text.emptyHint,
        action: <ImportButton kind="accounts" />,
      }}
    />
  );
}
