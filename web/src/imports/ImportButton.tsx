import { Button } from "@mantine/core";
import { FileUp } from "lucide-react";
import { LinkTo } from "../shell/LinkTo";
import { strings } from "../strings";

/** Leads to the import wizard. */
export function ImportButton({ kind }: { kind: "accounts" | "people" }) {
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
