// The settings of a connection, in the form that its type has. Its secrets stand beside it and are no part of it.
import { Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { connectionTypesQuery } from "../api/systems";
import type { EditorProps } from "../definitions/editors";
import { isRecord } from "../editor/manifest";
import { SchemaForm } from "../forms/SchemaForm";
import { fieldsOf } from "../forms/schema";
import { Card } from "../shell/Card";
import shell from "../shell/shell.module.css";
import { strings } from "../strings";
import { TypeSelect } from "./TypeSelect";

const text = strings.systems;

export default function ConnectionForm({ body, onChange, errors }: EditorProps) {
  const { data } = useQuery(connectionTypesQuery);
  if (!data) return <Skeleton height={280} />;
  const chosen = data.items.find(({ type }) => type === body.type);
  return (
    <Card title={text.title}>
      <Stack gap="sm" className={shell.form}>
        <TypeSelect
          types={data.items}
          value={body.type}
          error={errors.get("/type")}
          // Settings of one type say nothing to another.
          onChange={(type) => onChange({ ...body, type, settings: {} })}
        />
        {chosen ? (
          <SchemaForm
            fields={fieldsOf(chosen.settings)}
            value={isRecord(body.settings) ? body.settings : {}}
            onChange={(settings) => onChange({ ...body, settings })}
            errors={errors}
            at="/settings"
          />
        ) : (
          <Text size="sm" c="dimmed">
            {text.unknownType}
          </Text>
        )}
      </Stack>
    </Card>
  );
}
