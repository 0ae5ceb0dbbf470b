// Beside the form of a sending domain: the keys that sign its mail, and what must stand in the DNS, and what
// receivers report of it.
import { Stack } from "@mantine/core";
import type { PanelProps } from "../definitions/editors";
import DmarcPanel from "./DmarcPanel";
import DnsPanel from "./DnsPanel";
import { SigningKeys } from "./SigningKeys";

export default function DomainPanel(props: PanelProps) {
  return (
    <Stack gap="md">
      <SigningKeys domain={props.definition} />
      <DnsPanel {...props} />
      {props.saved ? <DmarcPanel domain={props.definition} /> : null}
    </Stack>
  );
}
