// Sections of a design that lie next to each other become a fragment, which takes their place.
import { Alert, Checkbox, Input, Switch, Text, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Editor } from "grapesjs";
import { useState } from "react";
import { useMayWrite } from "../admin/useMay";
import { putDefinition } from "../api/queries";
import { type Fields, isRecord } from "../editor/manifest";
import { keyFrom } from "../forms/keys";
import { useKind } from "../forms/ReferencePicker";
import { Dialog } from "../shell/Dialog";
import { strings } from "../strings";
import classes from "./design.module.css";
import { codeOf, putInPlace, sectionsOf } from "./parts";
import { conditionsIn, spanOf } from "./variants";

const text = strings.design.saving;

type Props = { editor: Editor; body: Fields; onClose: () => void };

export function SaveFragment({ editor, body, onClose }: Props) {
  const cache = useQueryClient();
  const kind = useKind("fragment");
  // A draft is taken into nothing: it stands in place of the sections only once somebody publishes it.
  const { publish: mayPublish } = useMayWrite("fragment");
  const [units] = useState(() => sectionsOf(editor));
  const [chosen, setChosen] = useState(
    () => new Set(units.flatMap((each, at) => (each.chosen ? [at] : []))),
  );
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [replace, setReplace] = useState(true);
  const numbers = [...chosen].sort((a, b) => a - b);
  const span = spanOf(units, numbers);
  const removable = mayPublish && numbers.every((at) => units[at]?.removable);
  const save = useMutation({
    mutationFn: async (rows: { from: number; to: number }) => {
      const key = keyFrom(name, kind?.key_pattern ?? "");
      const mjml = codeOf(editor, rows);
      const all = isRecord(body.conditions) ? body.conditions : {};
      const asked = conditionsIn(mjml).filter((each) => each in all);
      const manifest = {
        state: mayPublish ? "live" : "draft",
        name: name.trim(),
        ...(description.trim() ? { description: description.trim() } : {}),
        body: { mjml },
        ...(asked.length > 0
          ? { conditions: Object.fromEntries(asked.map((each) => [each, all[each]])) }
          : {}),
      };
      await putDefinition("fragments", key, manifest, { ifNew: true });
      return { key, rows };
    },
    onSuccess: async ({ key, rows }) => {
      if (replace && removable) putInPlace(editor, rows, key);
      notifications.show({ message: text.saved(name.trim()) });
      onClose();
      await cache.invalidateQueries({ queryKey: ["definitions", "fragments"] });
    },
  });
  const toggle = (at: number, on: boolean) =>
    setChosen((was) => {
      const next = new Set(was);
      if (on) next.add(at);
      else next.delete(at);
      return next;
    });
  return (
    <Dialog
      title={text.fragmentTitle}
      error={save.error}
      busy={save.isPending}
      ready={span !== undefined && name.trim() !== ""}
      submit={text.apply}
      onClose={onClose}
      onSubmit={() => span && save.mutate(span)}
    >
      <Input.Wrapper
        label={text.sections}
        labelElement="div"
        description={text.sectionsHint}
        error={numbers.length > 0 && !span ? text.apart : undefined}
      >
        <div className={classes.sections}>
          {units.map(({ from, says }, at) => (
            <Checkbox
              key={from}
              label={text.section(at + 1, says || text.picture)}
              checked={chosen.has(at)}
              onChange={(event) => toggle(at, event.currentTarget.checked)}
            />
          ))}
        </div>
      </Input.Wrapper>
      <TextInput
        label={text.name}
        required
        maxLength={100}
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Textarea
        label={text.description}
        autosize
        minRows={2}
        value={description}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
      {removable ? (
        <Switch
          label={text.replace}
          checked={replace}
          onChange={(event) => setReplace(event.currentTarget.checked)}
        />
      ) : null}
      {mayPublish && !removable ? (
        <Alert color="gray" variant="light">
          {text.lockedPart}
        </Alert>
      ) : null}
      <Text size="xs" c="dimmed">
        {mayPublish ? text.published : text.drafted}
      </Text>
    </Dialog>
  );
}
