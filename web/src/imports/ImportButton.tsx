import { Button } from "@mantine/core";
import { FileUp } from "lucide-react";
import { useMay } from "../admin/useMay";
import { LinkTo } from "../shell/LinkTo";
import { strings } from "../strings";

/** Leads to the import wizard. */
export function ImportButton({ kind }: { kind: "accounts" | "people" }) {
  if (!useMay()?.("customers:write")) return null;
  return (
    <Button
      component={LinkTo}
      to={`/import?kind=${kind}`}
      leftSection={<FileUp size={15} aria-hidden />}
    >
      {strings.imports.button}
    </Button>
  );
}
