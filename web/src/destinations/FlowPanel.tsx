// What became of a data flow: its audience at the destination.

import { Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { audiencesQuery } from "../api/destinations";
import type { AudienceState } from "../api/types";
import type { PanelProps } from "../definitions/editors";
import { NamedLink } from "../definitions/NamedLink";
import { Card } from "../shell/Card";
import { ErrorNotice } from "../shell/ErrorNotice";
import { Facts } from "../shell/Facts";
import { formatNumber } from "../shell/format";
import { Moment } from "../shell/Moment";
import { strings } from "../strings";
import { MembersReached, StateThere } from "./AudiencesPanel";

const text = strings.destinations.flows;
const words = strings.destinations.audiences.columns;

export default function FlowPanel({ definition, body }: PanelProps) {
  const destination = String(body.destination ?? "");
  const live = body.state === "live" && destination !== "";
  const { data, error, refetch } = useQuery({ ...audiencesQuery(destination), enabled: live });
  const own = data?.items.find(({ data_flow }) => data_flow === definition);
  return (
    <Card title={text.there}>
      {error && !data ? <ErrorNotice error={error} onRetry={refetch} /> : null}
      {live && !data && !error ? <Skeleton height={80} /> : null}
      {own ? (
        <Told audience={own} destination={destination} />
      ) : (
        <Text size="sm" c="dimmed">
          {live ? (data ? text.notYet : null) : text.draft}
        </Text>
      )}
    </Card>
  );
}

function Told({ audience, destination }: { audience: AudienceState; destination: string }) {
  return (
    <Facts
      facts={[
        { label: words.name, value: audience.name },
        {
          label: strings.destinations.destination,
          value: <NamedLink plural="destinations" of={destination} />,
        },
        { label: words.state, value: <StateThere audience={audience} /> },
        { label: words.accounts, value: formatNumber(audience.accounts) },
        { label: words.waiting, value: formatNumber(audience.waiting) },
        { label: words.refused, value: formatNumber(audience.refused) },
        { label: words.size, value: <MembersReached audience={audience} /> },
        {
          label: words.asked,
          value: audience.looked_at ? (
            <Moment at={audience.looked_at} />
          ) : (
            strings.destinations.audiences.notAsked
          ),
        },
      ]}
    />
  );
}
