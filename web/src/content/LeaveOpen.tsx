// In a fragment: what of the chosen block those who take it in may say otherwise, and what stands there unless they do.
import { Stack, Switch, Text, TextInput } from "@mantine/core";
import type { Component } from "grapesjs";
import { useState } from "react";
import { type Fields, isRecord } from "../editor/manifest";
import { Dialog } from "../shell/Dialog";
import { strings } from "../strings";
import { asksFor, fieldsOf, nameFor, type OpenField } from "./fields";
import { type Openable, openablesOf, sayIn } from "./parts";

const text = strings.design.opening;

type Props = {
  block: Component;
  body: Fields;
  /** The fragment's content as it is after the change. */
  written: () => string;
  onBody: (body: Fields) => void;
  onClose: () => void;
};
type Draft = Openable & { open: boolean; label: string; standard: string };

export function LeaveOpen({ block, body, written, onBody, onClose }: Props) {
  const fields = fieldsOf(body);
  const [drafts, setDrafts] = useState(() => openablesOf(block).map((it) => drafted(it, fields)));
  const put = (part: Draft["part"], change: Partial<Draft>) =>
    setDrafts((was) => was.map((each) => (each.part === part ? { ...each, ...change } : each)));
  const apply = () => {
    const next = { ...fields };
    for (const { part, field, open, label, standard } of drafts) {
      if (open) {
        const name = field ?? nameFor(label, Object.keys(next));
        next[name] = { ...(label.trim() ? { label: label.trim() } : {}), default: standard };
        if (!field) sayIn(block, part, { field: name });
      } else if (field) {
        sayIn(block, part, standard);
      }
    }
    // A field that nothing asks for any more is gone.
    const all = `${written()} ${isRecord(body) ? String(body.text ?? "") : ""}`;
    for (const { field, open } of drafts) {
      if (field && !open && !asksFor(all, field)) delete next[field];
    }
    onBody({ ...body, fields: Object.keys(next).length > 0 ? next : undefined });
    onClose();
  };
  const ready = drafts.every(({ open, label }) => !open || label.trim() !== "");
  return (
    <Dialog
      title={text.title}
      error={null}
      busy={false}
      ready={ready}
      submit={text.apply}
      onClose={onClose}
      onSubmit={apply}
    >
      <Text size="sm" c="dimmed">
        {text.hint}
      </Text>
      {drafts.map(({ part, open, label, standard, formatted, field }) => (
        <Stack key={part} gap={8} role="group" aria-label={text.parts[part]}>
          <Switch
            label={text.parts[part]}
            description={formatted && !field ? text.plain : undefined}
            checked={open}
            onChange={(event) => put(part, { open: event.currentTarget.checked })}
          />
          {open ? (
            <Stack gap={8} pl={46}>
              <TextInput
                label={text.label}
                description={text.labelHint}
                required
                maxLength={60}
                value={label}
                onChange={(event) => put(part, { label: event.currentTarget.value })}
              />
              <TextInput
                label={text.standard}
                value={standard}
                onChange={(event) => put(part, { standard: event.currentTarget.value })}
              />
            </Stack>
          ) : null}
        </Stack>
      ))}
    </Dialog>
  );
}

function drafted(openable: Openable, fields: Record<string, OpenField>): Draft {
  const { part, field, value } = openable;
  const known = field === undefined ? undefined : fields[field];
  return {
    ...openable,
    open: field !== undefined,
    label: known?.label ?? field ?? text.parts[part],
    standard: known?.default ?? (field === undefined ? value : ""),
  };
}
