// External actions and splits: which service is called with what, what its answer must be, and what happens when it fails.
import { Box, Input, Stack, Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { registrationQuery } from "../api/systems";
import type { ServiceField } from "../api/types";
import { FieldTests } from "../conditions/FieldTests";
import { ValueInput } from "../forms/inputs";
import { ReferencePicker } from "../forms/ReferencePicker";
import { humanise } from "../shell/format";
import { strings } from "../strings";
import { setBranch } from "./changes";
import { useEditor } from "./EditorScene";
import { branchOf, type Fields, isRecord, type NodeBody, write } from "./manifest";
import type { NodeFormProps } from "./NodeEditor";

const text = strings.editor.service;

type Props = NodeFormProps & { node: NodeBody; id: string };

export function ServiceForm({ at, errors, node, id }: Props) {
  return (
    <Stack gap="md">
      <ServicePicker at={at} errors={errors} node={node} />
      <ServiceValues at={at} errors={errors} node={node} />
      <FailedSwitch node={node} id={id} />
    </Stack>
  );
}

/** Whether those whom the service fails have a path of their own. */
export function FailedSwitch({ node, id }: { node: NodeBody; id: string }) {
  const { apply } = useEditor();
  return (
    <Switch
      label={text.failed}
      description={text.failedHint}
      checked={branchOf(node, "failed") !== undefined}
      onChange={(event) => {
        const on = event.currentTarget.checked;
        apply((now) => setBranch(now, id, "failed", on));
      }}
    />
  );
}

export function ServicePicker({
  at,
  errors,
  node,
}: {
  at: string;
  errors: ReadonlyMap<string, string>;
  node: NodeBody;
}) {
  const { set } = useEditor();
  return (
    <ReferencePicker
      kind="external_action"
      label={text.service}
      required
      error={errors.get("/service")}
      value={node.service}
      onChange={(service) =>
        set((now) => write(now, `${at}/service`, service ?? ""), `${at}/service`)
      }
    />
  );
}

const serviceOf = (node: NodeBody) => (typeof node.service === "string" ? node.service : "");

/** What this node says to the service, beside what it is always told. */
export function ServiceValues({
  at,
  errors,
  node,
}: {
  at: string;
  errors: ReadonlyMap<string, string>;
  node: NodeBody;
}) {
  const { set } = useEditor();
  const { data } = useQuery(registrationQuery(serviceOf(node)));
  const values = isRecord(node.values) ? node.values : {};
  const put = (name: string, value: unknown) => {
    const { [name]: _, ...rest } = values;
    const next = value === undefined || value === "" ? rest : { ...rest, [name]: value };
    const kept = Object.keys(next).length > 0 ? next : undefined;
    set((now) => write(now, `${at}/values`, kept), `${at}/values/${name}`);
  };
  return data?.parameters.map((parameter) => (
    <ValueInput
      key={parameter.key}
      label={humanise(parameter.key)}
      required={parameter.required}
      error={errors.get(`/values/${parameter.key}`)}
      typed={typed(parameter)}
      value={values[parameter.key]}
      onChange={(value) => put(parameter.key, value)}
    />
  ));
}

const typed = ({ key, type, values }: ServiceField) => ({
  key,
  type,
  ...(values.length > 0 ? { values: values.map(String) } : {}),
});

type AnswerProps = {
  service: string;
  error: string | undefined;
  value: unknown;
  onChange: (when: Fields | undefined) => void;
};

/** What the service must have answered for a path to be taken. */
export function AnswerField({ service, error, value, onChange }: AnswerProps) {
  const { data } = useQuery(registrationQuery(service));
  return (
    <Input.Wrapper
      label={text.answer}
      description={data ? undefined : text.notRegistered}
      error={error}
      labelElement="div"
    >
      <Box mt={4}>
        <FieldTests fields={data?.variables.map(typed)} value={value} onChange={onChange} />
      </Box>
    </Input.Wrapper>
  );
}
