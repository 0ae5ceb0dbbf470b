// The connection of a destination, which says of what type it is, and the settings that this type has.
import { Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { definitionNamesQuery } from "../api/queries";
import { connectionTypesQuery } from "../api/systems";
import { type Fields, isRecord } from "../editor/manifest";
import { ReferencePicker } from "../forms/ReferencePicker";
import { type Errors, SchemaForm } from "../forms/SchemaForm";
import { blank, fieldsOf } from "../forms/schema";
import { prose } from "../shell/Prose";
import { strings } from "../strings";

const text = strings.destinations;

type Props = {
  body: Fields;
  onChoose: (part: Fields) => void;
  errors: Errors;
  /** Only the settings that it cannot do without. */
  neededOnly?: boolean;
};

export function DestinationFields({ body, onChoose, errors, neededOnly = false }: Props) {
  const cache = useQueryClient();
  const types = useQuery(connectionTypesQuery).data?.items ?? [];
  const kindOf = (type: unknown) => types.find((each) => each.type === type);
  const fields = (type: unknown) =>
    fieldsOf(kindOf(type)?.destination?.settings).filter(
      ([, { required }]) => required || !neededOnly,
    );
  const choose = (connection: string | undefined) => {
    const names = cache.getQueryData(definitionNamesQuery("connections").queryKey);
    const type = names?.items.find(({ key }) => key === connection)?.type ?? body.type;
    // Settings of one type say nothing to another.
    const settings = type === body.type ? body.settings : blank(fields(type));
    onChoose({ connection: connection ?? "", type, settings });
  };
  const chosen = kindOf(body.type);
  const hint = chosen?.destination
    ? text.takes[chosen.destination.takes](chosen.label)
    : text.connectionHint;
  return (
    <>
      <ReferencePicker
        kind="connection"
        only={{ types: types.filter((each) => each.destination).map(({ type }) => type) }}
        label={text.connection}
        description={hint && prose(hint)}
        required
        error={errors.get("/connection") ?? errors.get("/type")}
        value={body.connection}
        onChange={choose}
      />
      {chosen ? (
        <SchemaForm
          fields={fields(body.type)}
          value={isRecord(body.settings) ? body.settings : {}}
          onChange={(settings) => onChoose({ settings })}
          errors={errors}
          at="/settings"
        />
      ) : (
        <Text size="sm" c="dimmed">
          {text.chooseFirst}
        </Text>
      )}
    </>
  );
}
