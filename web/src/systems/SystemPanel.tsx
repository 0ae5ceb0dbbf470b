// How a connection, a service or a webhook is: its health, trying and pausing it, its consent and secrets, who uses it.
import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMay } from "../admin/useMay";
import { systemQuery } from "../api/systems";
import type { PanelProps } from "../definitions/editors";
import { UsedBy } from "../definitions/UsedBy";
import { ErrorNotice } from "../shell/ErrorNotice";
import { strings } from "../strings";
import { Consent } from "./Consent";
import { Health } from "./Health";
import { Secrets } from "./Secrets";
import { SigningSecret } from "./SigningSecret";
import { systemsOf } from "./systems";

const text = strings.systems;

export default function SystemPanel({ definition, body, saved }: PanelProps) {
  const systems = systemsOf(body.kind);
  const { data: state, error, refetch } = useQuery(systemQuery(systems, definition));
  const mayChange = useMay()?.("channels:write") === true;
  if (error && !state) return <ErrorNotice error={error} onRetry={refetch} />;
  if (!state) return <Skeleton height={220} />;
  return (
    <>
      <Health systems={systems} state={state} saved={saved} mayChange={mayChange} />
      <Consent state={state} saved={saved} mayChange={mayChange} />
      <Secrets systems={systems} state={state} mayChange={mayChange}>
        {systems === "webhooks" && mayChange ? <SigningSecret webhook={definition} /> : null}
      </Secrets>
      <UsedBy title={text.usedBy} users={state.used_by} none={text.unused} />
    </>
  );
}
