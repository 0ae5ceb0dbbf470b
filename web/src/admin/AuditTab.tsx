// Who did what by hand, newest first.
import { useQuery } from "@tanstack/react-query";
import { ScrollText } from "lucide-react";
import { auditQuery } from "../api/admin";
import { kindsQuery } from "../api/queries";
import type { AuditEntry } from "../api/types";
import type { Column } from "../shell/DataTable";
import { formatStamp } from "../shell/format";
import { LinkTo } from "../shell/LinkTo";
import { ListSection } from "../shell/ListPage";
import { useSearchText } from "../shell/ListTools";
import { useServerSort } from "../shell/serverSort";
import { useRows } from "../shell/useRows";
import { strings } from "../strings";
import { deedOf } from "./deeds";

const text = strings.admin.audit;

const columnsOf = (kinds: ReadonlySet<string>): Column<AuditEntry>[] => {
  const deed = (row: AuditEntry) => deedOf(row.what, row.subject, kinds, row.detail);
  return [
    {
      id: "at",
      label: text.columns.at,
      fixed: true,
      order: "at",
      value: (row) => row.at,
      cell: (row) => (
        <time dateTime={row.at} style={{ whiteSpace: "nowrap" }}>
          {formatStamp(row.at)}
        </time>
      ),
    },
    {
      id: "actor",
      label: text.columns.actor,
      order: "actor",
      value: (row) => row.actor,
      cell: (row) => row.actor,
    },
    {
      id: "what",
      label: text.columns.what,
      value: (row) => row.what,
      cell: (row) => deed(row).what,
    },
    {
      id: "subject",
      label: text.columns.subject,
      order: "subject",
      value: (row) => row.subject,
      cell: (row) => {
        const { subject, to } = deed(row);
        return to ? <LinkTo to={to}>{subject}</LinkTo> : subject;
      },
    },
  ];
};

const NEWEST_FIRST = { column: "at", down: true };

export function AuditTab() {
  const { data } = useQuery(kindsQuery);
  const columns = columnsOf(new Set((data?.items ?? []).map(({ plural }) => plural)));
  const { order, server } = useServerSort(columns);
  const rows = useRows(auditQuery(useSearchText(), order));
  return (
    <ListSection
      id="audit"
      title={strings.admin.tabs.audit}
      searchLabel={text.search}
      rows={rows}
      columns={columns}
      rowKey={(row) => String(row.id)}
      server={server}
      usual={NEWEST_FIRST}
      empty={{ icon: ScrollText, title: text.empty, hint: text.emptyHint }}
    />
  );
}
