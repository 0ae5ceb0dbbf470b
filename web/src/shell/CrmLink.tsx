// Where a record stands in the CRM.
import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { ExternalLink } from "lucide-react";
import { strings } from "../strings";
import { webAddress } from "./webAddress";

const text = strings.records;

type Props = { href: string | null | undefined; name: string };

/** A button beside the name of a page; nothing where there is no link. */
export function CrmLink({ href, name }: Props) {
  const to = webAddress(href);
  if (!to) return null;
  return (
    <Button
      component="a"
      href={to}
      target="_blank"
      rel="noopener noreferrer"
      variant="default"
      rightSection={<ExternalLink size={14} aria-hidden />}
      aria-label={text.crmOf(name)}
    >
      {text.crm}
    </Button>
  );
}

/** The same in the row of a table. */
export function CrmIcon({ href, name }: Props) {
  const to = webAddress(href);
  if (!to) return null;
  return (
    <Tooltip label={text.crm}>
      <ActionIcon
        component="a"
        href={to}
        target="_blank"
        rel="noopener noreferrer"
        size="sm"
        ml={6}
        variant="subtle"
        color="gray"
        aria-label={text.crmOf(name)}
      >
        <ExternalLink size={14} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
