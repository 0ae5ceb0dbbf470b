import { Skeleton } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Users } from "lucide-react";
import { useMayAny } from "../admin/useMay";
import { accountPeopleQuery, accountQuery, accountTimelineQuery } from "../api/queries";
import { Records } from "../customers/Records";
import { SendEmail } from "../customers/SendEmail";
import { PEOPLE_COLUMNS } from "../people/columns";
import { ActivityList } from "../shell/ActivityList";
import { AddToList } from "../shell/AddToList";
import { CrmLink } from "../shell/CrmLink";
import { PageFault } from "../shell/Fault";
import { at } from "../shell/LinkTo";
import { ListSection } from "../shell/ListPage";
import { useSearchText } from "../shell/ListTools";
import { PageHeader } from "../shell/PageHeader";
import { RecordMenu } from "../shell/RecordMenu";
import { useOpened } from "../shell/recent";
import classes from "../shell/shell.module.css";
import { Tabs } from "../shell/Tabs";
import { useRows } from "../shell/useRows";
import { strings } from "../strings";
import { AccountOverview } from "./AccountOverview";
import { BuyingGroups } from "./BuyingGroups";

const text = strings.accounts;

export function AccountPage() {
  const { key } = useParams({ from: "/inside/accounts/$key" });
  const { data: account, error, refetch } = useQuery(accountQuery(key));
  useOpened(account && { kind: "account", title: account.name || key, to: at("/accounts", key) });
  if (error) {
    return (
      <PageFault error={error} onRetry={refetch} back={{ to: "/accounts", label: text.back }} />
    );
  }
  return (
    <div className={classes.page}>
      <PageHeader
        title={account?.name || key}
        back={{ to: "/accounts", label: text.back }}
        detail={
          <>
            <span>{strings.subjects.account}</span>
            <span>{key}</span>
            {account ? <span>{strings.subjects.people(account.people)}</span> : null}
          </>
        }
      >
        <CrmLink href={account?.crm_link} name={account?.name || key} />
        {account ? (
          <RecordMenu subject="account" record={account} name={account.name || key} />
        ) : null}
      </PageHeader>
      <Tabs
        label={account?.name || key}
        tabs={[
          {
            id: "overview",
            label: text.tabs.overview,
            body: account ? <AccountOverview account={account} /> : <Skeleton height={260} />,
          },
          {
            id: "people",
            label: text.tabs.people,
            body: <AccountPeople accountKey={key} name={account?.name || key} />,
          },
          { id: "groups", label: text.tabs.groups, body: <BuyingGroups accountKey={key} /> },
          {
            id: "records",
            label: strings.customers.records.tab,
            body: <Records subject="account" owner={key} />,
          },
          { id: "timeline", label: text.tabs.timeline, body: <AccountTimeline accountKey={key} /> },
        ]}
      />
    </div>
  );
}

/** The account itself need not be told in each row. */
const COLUMNS = PEOPLE_COLUMNS.filter((column) => column.id !== "accounts");

function AccountPeople({ accountKey, name }: { accountKey: string; name: string }) {
  const mayChange = useMayAny(["messages:send", "customers:write"]);
  const rows = useRows(accountPeopleQuery(accountKey, useSearchText()));
  return (
    <ListSection
      id="account-people"
      title={text.tabs.people}
      searchLabel={strings.list.searchPeople}
      rows={rows}
      columns={COLUMNS}
      rowKey={(row) => row.key}
      actions={
        <SendEmail
          to={{ account: accountKey, people: "everyone" }}
          named={strings.mailing.everyone(name)}
          label={strings.mailing.toEveryone}
        />
      }
      bulk={
        mayChange
          ? (chosen, done) => {
              const people = chosen.map(({ key }) => key);
              return (
                <>
                  <SendEmail to={{ account: accountKey, people }} small done={done} />
                  <AddToList plural="people_lists" keys={people} done={done} />
                </>
              );
            }
          : undefined
      }
      empty={{ icon: Users, title: text.noPeople, hint: text.noPeopleHint }}
    />
  );
}

function AccountTimeline({ accountKey }: { accountKey: string }) {
  return (
    <ActivityList
      rows={useInfiniteQuery(accountTimelineQuery(accountKey))}
      own={accountKey}
      of={{ account: accountKey }}
    />
  );
}
