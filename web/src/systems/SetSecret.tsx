// The way to a secret that is missing, beside the sentence that says so.
import { Button } from "@mantine/core";
import { useState } from "react";
import type { Systems } from "../api/systems";
import { strings } from "../strings";
import { SetDialog } from "./Secrets";

const SECRET = "/secrets/";

type Props = { systems: Systems; system: string; pointer: string | null | undefined };

/** Nothing where the pointer leads to no secret. */
export function SetSecret({ systems, system, pointer }: Props) {
  const [open, setOpen] = useState(false);
  if (!pointer?.startsWith(SECRET)) return null;
  const name = pointer.slice(SECRET.length);
  return (
    <>
      <Button size="compact-xs" variant="default" onClick={() => setOpen(true)}>
        {strings.systems.secret.setIt(name)}
      </Button>
      {open ? (
        <SetDialog
          systems={systems}
          state={{ key: system }}
          name={name}
          onClose={() => setOpen(false)}
        />
      ) : null}
    </>
  );
}
