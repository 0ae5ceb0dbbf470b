// Where a button of the CRM leads: straight on to whoever has its id, or to what can be done where nobody or several have it.
import { Button, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Navigate, useParams } from "@tanstack/react-router";
import { SearchX } from "lucide-react";
import { type CrmKind, crmQuery, isCrmKind } from "../api/customers";
import { Card } from "../shell/Card";
import { EmptyState } from "../shell/EmptyState";
import { ErrorNotice } from "../shell/ErrorNotice";
import { NotFound } from "../shell/Fault";
import { at, LinkTo } from "../shell/LinkTo";
import { PageHeader } from "../shell/PageHeader";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";

const text = strings.customers.crm;
const LISTS = { account: "/accounts", person: "/people" };

export function CrmPage() {
  const { kind, id } = useParams({ from: "/inside/crm/$kind/$id" });
  return isCrmKind(kind) ? <Found kind={kind} id={id} /> : <NotFound />;
}

function Found({ kind, id }: { kind: CrmKind; id: string }) {
  const { data, error, refetch } = useQuery(crmQuery(kind, id));
  const list = data && LISTS[data.subject];
  const [only, ...others] = data?.items ?? [];
  if (list && only && others.length === 0) {
    return <Navigate to={at(list, only.key) as never} replace />;
  }
  return (
    <div className={classes.page}>
      <PageHeader title={text.title} />
      {error ? <ErrorNotice error={error} onRetry={refetch} /> : null}
      {!data && !error ? <Skeleton height={120} aria-label={text.looking} /> : null}
      {data && list && !only ? (
        <EmptyState
          icon={SearchX}
          title={text.nobody(text.kinds[kind] ?? kind, id)}
          hint={
            data.attribute === "key"
              ? text.nobodyHint.key
              : text.nobodyHint.attribute(data.attribute)
          }
        >
          <Button component={LinkTo} to={list} mt="sm" variant="light">
            {text.search[data.subject]}
          </Button>
        </EmptyState>
      ) : null}
      {list && only && others.length > 0 ? (
        <Card title={text.several(others.length + 1, id)}>
          <Text size="sm" c="dimmed" mb="sm">
            {text.severalHint}
          </Text>
          <Stack gap="xs">
            {[only, ...others].map(({ key, name }) => (
              <Text key={key} size="sm">
                <LinkTo to={at(list, key)}>{name ?? key}</LinkTo>{" "}
                <Text span inherit c="dimmed">
                  {key}
                </Text>
              </Text>
            ))}
          </Stack>
        </Card>
      ) : null}
    </div>
  );
}
