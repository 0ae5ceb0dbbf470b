// The button that opens an email by hand; nothing for whoever may not send one.
import { Button } from "@mantine/core";
import { useState } from "react";
import { useMay } from "../admin/useMay";
import type { Addressees } from "../api/mailing";
import { strings } from "../strings";
import { EmailDialog } from "./EmailDialog";

/** As many as one call takes that names them. */
export const MOST_AT_ONCE = 50;

type Props = {
  to: Addressees;
  named?: string;
  /** In the bar of chosen rows. */
  small?: boolean;
  label?: string;
  /** Once the dialog is closed again. */
  done?: () => void;
};

export function SendEmail({ to, named, small, label, done }: Props) {
  const [open, setOpen] = useState(false);
  const may = useMay();
  if (!may?.("messages:send")) return null;
  const many = "people" in to && to.people !== "everyone" && to.people.length > MOST_AT_ONCE;
  const close = () => {
    setOpen(false);
    done?.();
  };
  return (
    <>
      <Button
        size={small ? "xs" : "sm"}
        variant="default"
        disabled={many}
        title={many ? strings.mailing.tooMany(MOST_AT_ONCE) : undefined}
        onClick={() => setOpen(true)}
      >
        {label ?? strings.mailing.button}
      </Button>
      {open ? <EmailDialog to={to} named={named} onClose={close} /> : null}
    </>
  );
}
