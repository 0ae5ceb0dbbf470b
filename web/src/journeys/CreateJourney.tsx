// Begins a journey; the dialog that asks what it is to be comes once somebody wants one.
import { Button } from "@mantine/core";
import { Plus } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useMay } from "../admin/useMay";
import { strings } from "../strings";

const CreateJourneyDialog = lazy(() =>
  import("./CreateJourneyDialog").then((module) => ({ default: module.CreateJourneyDialog })),
);

const text = strings.journeys.create;

export function CreateJourneyButton({ variant = "filled" }: { variant?: "filled" | "default" }) {
  const [open, setOpen] = useState(false);
  if (!useMay()?.("definitions:write")) return null;
  return (
    <>
      <Button
        variant={variant}
        leftSection={<Plus size={16} aria-hidden />}
        onClick={() => setOpen(true)}
      >
        {text.button}
      </Button>
      {open ? (
        <Suspense fallback={null}>
          <CreateJourneyDialog onClose={() => setOpen(false)} />
        </Suspense>
      ) : null}
    </>
  );
}

/** A year from now at midnight: an end that most journeys can keep. */
export function inAYear(): string {
  const date = new Date();
  date.setFullYear(date.getFullYear() + 1);
  date.setHours(0, 0, 0, 0);
  return date.toISOString().replace(".000Z", "Z");
}
