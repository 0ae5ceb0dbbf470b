import { Users } from "lucide-react";
import { useMayAny } from "../admin/useMay";
import type { ExportOf } from "../api/exports";
import { type PersonPassedOver, peopleQuery } from "../api/queries";
import { useAttributeColumns } from "../customers/attributeColumns";
import { MergeButton } from "../customers/MergeButton";
import { PassedOver, usePassedOver } from "../customers/PassedOver";
import { ImportButton } from "../imports/ImportButton";
import { AddToList } from "../shell/AddToList";
import { ListPage } from "../shell/ListPage";
import { useSearchText } from "../shell/ListTools";
import { useServerSort } from "../shell/serverSort";
import { BY_KEY } from "../shell/sorting";
import { useRows } from "../shell/useRows";
import { strings } from "../strings";
import { PEOPLE_COLUMNS, personName } from "./columns";

const text = strings.people;

export function PeoplePage() {
  const passedOver = usePassedOver<PersonPassedOver>("person");
  const mayChange = useMayAny(["customers:delete", "customers:write"]);
  const q = useSearchText();
  const { columns, attributes } = useAttributeColumns("people", "person", PEOPLE_COLUMNS);
  const { order, server } = useServerSort(columns);
  const rows = useRows(peopleQuery(q, passedOver, order, attributes));
  return (
    <ListPage
      id="people"
      title={text.title}
      searchLabel={strings.list.searchPeople}
      rows={rows}
      columns={columns}
      rowKey={(row) => row.key}
      server={server}
      usual={BY_KEY}
      exported={{ people: { q: q || null, passed_over: passedOver ?? null, ...order } } as ExportOf}
      filters={<PassedOver subject="person" />}
      narrowed={passedOver !== undefined}
      actions={<ImportButton kind="people" />}
      bulk={
        mayChange
          ? (chosen, done) => (
              <>
                <MergeButton
                  subject="person"
                  chosen={chosen.map((row) => ({ key: row.key, name: personName(row) }))}
                />
                <AddToList plural="people_lists" keys={chosen.map(({ key }) => key)} done={done} />
              </>
            )
          : undefined
      }
      empty={{
        icon: Users,
        title: text.empty,
        hint: text.emptyHint,
        action: <ImportButton kind="people" />,
      }}
    />
  );
}
