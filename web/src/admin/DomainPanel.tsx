// Beside the form of a sending domain: the keys that sign its mail, and what must stand in the DNS.
import { Stack } from "@mantine/core";
import type { PanelProps } from "../definitions/editors";
import DnsPanel from "./DnsPanel";
import { SigningKeys } from "./SigningKeys";

export default function DomainPanel(props: PanelProps) {
  return (
    <Stack gap="md">
      <SigningKeys domain={props.definition} />
      <DnsPanel {...props} />
    </Stack>
  );
}
