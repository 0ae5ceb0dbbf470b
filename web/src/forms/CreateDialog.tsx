// Makes a new definition of a kind without leaving the page: its name, and what it cannot do without.
import { Alert, Button, Group, Modal, Skeleton, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { useMayWrite } from "../admin/useMay";
import { ApiError } from "../api/problem";
import { putDefinition } from "../api/queries";
import type { Kind } from "../api/types";
import type { Fields } from "../editor/manifest";
import { inSentence } from "../shell/format";
import { prose } from "../shell/Prose";
import { strings } from "../strings";
import { beginningOf } from "./beginnings";
import { errorsOf } from "./errors";
import { Form } from "./Form";
import { keyFrom } from "./keys";
import { SchemaForm } from "./SchemaForm";
import { blank, type Field, fieldsOf } from "./schema";
import { starterOf } from "./starters";
import { useFirstWrong } from "./useFirstWrong";

const ENVELOPE = new Set(["kind", "key", "name", "description", "state"]);

type Props = {
  kind: Kind;
  /** Kept as a draft, where it could not be changed any more once it is published. */
  asDraft?: boolean;
  onClose: () => void;
  onMade: (made: { key: string; name: string }) => void;
};

export function CreateDialog({ kind, asDraft = false, onClose, onMade }: Props) {
  const cache = useQueryClient();
  const { publish: mayPublish } = useMayWrite(kind.kind);
  const beginning = beginningOf(kind.kind);
  const Beginning = beginning?.component;
  const own = fieldsOf(kind.schema).filter(
    ([name]) => !ENVELOPE.has(name) && !beginning?.fields.includes(name),
  );
  const starter = starterOf(kind.kind);
  // What begins with rows of its own is looked at on the page, where there is room.
  const begun = ({ input }: Field) => input === "records" || input === "map";
  const fields = own.filter(([name, field]) => (name in starter ? !begun(field) : field.required));
  const [name, setName] = useState("");
  const [body, setBody] = useState<Fields>({ ...blank(fields), ...starter });
  // A list that follows a condition is asked for it at once: without one it could not be made.
  const asked = body.type === "dynamic" ? [...fields, ...own.filter(isCondition)] : fields;
  const make = useMutation({
    mutationFn: async () => {
      const key = keyFrom(name, kind.key_pattern);
      const { when, ...others } = body;
      const sent = when !== undefined && body.type === "static" ? others : body;
      const state =
        kind.life_cycle === "publish" ? { state: asDraft || !mayPublish ? "draft" : "live" } : {};
      await putDefinition(kind.plural, key, { ...state, ...sent, name }, { ifNew: true });
      return { key, name };
    },
    onSuccess: async (made) => {
      await cache.invalidateQueries({ queryKey: ["definitions", kind.plural] });
      onMade(made);
      onClose();
    },
  });
  useFirstWrong(make.error, "[role=dialog]");
  const findings = make.error instanceof ApiError ? make.error.findings : [];
  const errors = errorsOf(findings);
  const shown = [...asked.map(([each]) => each), ...(beginning?.fields ?? [])];
  const elsewhere = findings.filter(({ pointer }) => !isShown(pointer, shown));
  return (
    <Modal opened onClose={onClose} title={strings.forms.newOf(inSentence(kind.label))} size="lg">
      <Form onSubmit={() => make.mutate()}>
        <Stack gap="sm">
          <TextInput
            label={strings.forms.name}
            required
            data-autofocus
            maxLength={100}
            value={name}
            error={errors.get("/name") ?? errors.get("/key")}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          {Beginning ? (
            <Suspense fallback={<Skeleton height={120} />}>
              <Beginning
                kind={kind.kind}
                body={body}
                onChoose={(part) => setBody((now) => ({ ...now, ...part }))}
                errors={errors}
              />
            </Suspense>
          ) : null}
          <SchemaForm
            fields={asked}
            value={{ kind: kind.kind, ...body }}
            onChange={({ kind: _, ...next }) => setBody(next)}
            errors={errors}
          />
          {make.error && (findings.length === 0 || elsewhere.length > 0) ? (
            <Alert color="red" variant="light" role="alert">
              {elsewhere.length > 0
                ? elsewhere.map((finding) => prose(`${finding.message} `))
                : prose(make.error.message)}
            </Alert>
          ) : null}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {strings.forms.cancel}
            </Button>
            <Button type="submit" loading={make.isPending}>
              {strings.forms.create}
            </Button>
          </Group>
        </Stack>
      </Form>
    </Modal>
  );
}

const isCondition = ([name]: [string, Field]) => name === "when";

const isShown = (pointer: string | null | undefined, names: string[]) =>
  ["name", "key", ...names].some(
    (name) => pointer === `/${name}` || pointer?.startsWith(`/${name}/`),
  );
