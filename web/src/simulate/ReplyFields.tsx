// One answer of a service: the path that it leads to, values by the service's own schema, or a failure.
import { Select, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Subject } from "../api/customers";
import { definitionQuery } from "../api/queries";
import { registrationQuery } from "../api/systems";
import { type Fields, isRecord } from "../editor/manifest";
import { ValueInput } from "../forms/inputs";
import { humanise } from "../shell/format";
import { strings } from "../strings";
import { WhoFields } from "./WhoFields";
import type { Call, Reply } from "./way";

const text = strings.simulate.way;
const PATH = "path:";

type Props = { subject: Subject; call: Call; reply: Reply; onChange: (reply: Reply) => void };

export function ReplyFields({ subject, call, reply, onChange }: Props) {
  const { who, after } = reply;
  return (
    <Stack gap="xs">
      <Select
        size="xs"
        label={text.answer}
        allowDeselect={false}
        data={[
          ...call.paths.map((path) => ({ value: PATH + path, label: text.leadsTo(path) })),
          { value: "values", label: call.paths.length > 0 ? text.otherAnswer : text.someAnswer },
          { value: "failure", label: text.failure },
        ]}
        value={reply.gives === "path" ? PATH + reply.path : reply.gives}
        onChange={(gives) => gives && onChange({ who, after, ...begun(gives) })}
      />
      {reply.gives === "values" ? <Values call={call} reply={reply} onChange={onChange} /> : null}
      <WhoFields
        subject={subject}
        who={who}
        after={after}
        onChange={(part) => onChange({ ...reply, ...part })}
      />
    </Stack>
  );
}

const begun = (gives: string) =>
  gives.startsWith(PATH)
    ? { gives: "path" as const, path: gives.slice(PATH.length) }
    : gives === "failure"
      ? { gives: "failure" as const }
      : { gives: "values" as const, variables: {}, attributes: {} };

type Answering = Reply & { gives: "values" };

/** What the service announced that it answers, and the attributes that are taken over from it. */
function Values({
  call,
  reply,
  onChange,
}: {
  call: Call;
  reply: Answering;
  onChange: (reply: Reply) => void;
}) {
  const { data } = useQuery(registrationQuery(call.service));
  const { data: action } = useQuery(definitionQuery("external_actions", call.service));
  const incoming = isRecord(action?.body.incoming) ? action.body.incoming : {};
  return (
    <>
      {(data?.variables ?? []).map(({ key, type, values }) => (
        <ValueInput
          key={key}
          size="xs"
          label={humanise(key)}
          typed={{ type, values: values.map(String) }}
          value={reply.variables[key]}
          onChange={(value) =>
            onChange({ ...reply, variables: changed(reply.variables, key, value) })
          }
        />
      ))}
      {Object.entries(incoming).map(([attribute, name]) => (
        <TextInput
          key={attribute}
          size="xs"
          label={humanise(attribute)}
          value={String(reply.attributes[String(name)] ?? "")}
          onChange={(event) =>
            onChange({
              ...reply,
              attributes: changed(reply.attributes, String(name), event.currentTarget.value),
            })
          }
        />
      ))}
    </>
  );
}

/** An empty field is not answered. */
export function changed(fields: Fields, key: string, value: unknown): Fields {
  const { [key]: _, ...others } = fields;
  return value === undefined || value === "" ? others : { ...others, [key]: value };
}
