// What a new connection begins with: its type, and of that type's settings those that it cannot do without.
import { useQuery } from "@tanstack/react-query";
import { connectionTypesQuery } from "../api/systems";
import { isRecord } from "../editor/manifest";
import type { BeginningProps } from "../forms/beginnings";
import { SchemaForm } from "../forms/SchemaForm";
import { blank, fieldsOf } from "../forms/schema";
import { TypeSelect } from "./TypeSelect";

export default function ConnectionBeginning({ body, onChoose, errors }: BeginningProps) {
  const types = useQuery(connectionTypesQuery).data?.items ?? [];
  const neededOf = (type: unknown) =>
    fieldsOf(types.find((each) => each.type === type)?.settings).filter(
      ([, field]) => field.required,
    );
  return (
    <>
      <TypeSelect
        types={types}
        value={body.type}
        error={errors.get("/type")}
        onChange={(type) => onChoose({ type, settings: blank(neededOf(type)) })}
      />
      <SchemaForm
        fields={neededOf(body.type)}
        value={isRecord(body.settings) ? body.settings : {}}
        onChange={(settings) => onChoose({ settings })}
        errors={errors}
        at="/settings"
      />
    </>
  );
}
