// Where other systems send people back to whom they asked for a consent: it is handed over, once, and the connection opens.
import { Skeleton, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { handOverConsent, systemQuery } from "../api/systems";
import { Refusal } from "../journeys/Refusal";
import { PageHeader } from "../shell/PageHeader";
import shell from "../shell/shell.module.css";
import { strings } from "../strings";
import { remembered, returnedIn } from "./asked";

const text = strings.systems.consent;
const pageOf = (connection: string) => `/definitions/connections/${connection}`;

export function ConsentPage() {
  const cache = useQueryClient();
  const navigate = useNavigate();
  // The address is left as soon as what stands in it is taken.
  const [returned] = useState(() => returnedIn(window.location.search));
  const { data: taken, error } = useQuery({
    queryKey: ["consent", returned],
    queryFn: () => handOverConsent(returned),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  useEffect(() => {
    if (!taken) return;
    const { connection, tried } = taken;
    notifications.show({
      message: tried.ok ? text.taken(tried.message) : tried.message,
      color: tried.ok ? "green" : "red",
    });
    cache.invalidateQueries({ queryKey: systemQuery("connections", connection).queryKey });
    navigate({ to: pageOf(connection) as never, replace: true });
  }, [taken, cache, navigate]);
  const asked = remembered();
  const back = asked ? { to: pageOf(asked), label: text.back(asked) } : undefined;
  return (
    <div className={shell.page}>
      <PageHeader title={text.title} {...(back ? { back } : {})} />
      {error ? (
        <Refusal error={error} />
      ) : (
        <>
          <Text c="dimmed">{text.takes}</Text>
          <Skeleton height={120} />
        </>
      )}
    </div>
  );
}
