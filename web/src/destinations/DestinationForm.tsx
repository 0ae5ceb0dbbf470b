// Where a destination is, and the settings that its type has.
import { Stack } from "@mantine/core";
import type { EditorProps } from "../definitions/editors";
import { Card } from "../shell/Card";
import shell from "../shell/shell.module.css";
import { strings } from "../strings";
import { DestinationFields } from "./DestinationFields";

export default function DestinationForm({ body, onChange, errors }: EditorProps) {
  return (
    <Card title={strings.destinations.title}>
      <Stack gap="sm" className={shell.form}>
        <DestinationFields
          body={body}
          onChoose={(part) => onChange({ ...body, ...part })}
          errors={errors}
        />
      </Stack>
    </Card>
  );
}
