// Merging from a list: the two rows that are chosen become one.
import { Button, Tooltip } from "@mantine/core";
import { Merge } from "lucide-react";
import { useState } from "react";
import { useMay } from "../admin/useMay";
import type { Subject } from "../api/customers";
import { strings } from "../strings";
import { MergeDialog, type Named } from "./MergeDialog";

const text = strings.customers.merge;

export function MergeButton({ subject, chosen }: { subject: Subject; chosen: Named[] }) {
  const [open, setOpen] = useState(false);
  const [first, second, ...more] = chosen;
  if (!useMay()?.("customers:delete")) return null;
  const two = first && second && more.length === 0;
  return (
    <>
      <Tooltip label={text.bulkHint} disabled={Boolean(two)}>
        <Button
          size="xs"
          variant="default"
          // A disabled button would hide why it cannot be pressed.
          data-disabled={two ? undefined : true}
          aria-disabled={!two}
          leftSection={<Merge size={14} aria-hidden />}
          onClick={() => two && setOpen(true)}
        >
          {text.bulk}
        </Button>
      </Tooltip>
      {open && two ? (
        <MergeDialog
          subject={subject}
          first={first}
          second={second}
          onClose={() => setOpen(false)}
        />
      ) : null}
    </>
  );
}
