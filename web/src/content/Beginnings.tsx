// What a new email or template begins with: a design of ours, or a template of one's own.
import { Input, Select, Text, UnstyledButton } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Check } from "lucide-react";
import { useState } from "react";
import { definitionNamesQuery, definitionQuery } from "../api/queries";
import type { DefinitionRow } from "../api/types";
import type { Fields } from "../editor/manifest";
import type { BeginningProps } from "../forms/beginnings";
import { starterOf } from "../forms/starters";
import { strings } from "../strings";
import classes from "./content.module.css";
import DESIGNS from "./designs.json";

const text = strings.content.beginning;
const COPIED = "email ";
/** What only templates bring with them. */
const OF_TEMPLATES = { text: undefined, conditions: undefined, lock: undefined };

/** `kind`: `email` or `email_template`. */
export default function Beginnings({ kind, onChoose }: BeginningProps) {
  const cache = useQueryClient();
  const [chosen, setChosen] = useState("blank");
  const [copied, setCopied] = useState<Fields>({});
  const ofEmail = kind === "email";
  const templates = useNames("email_templates", ofEmail);
  const emails = useNames("emails", ofEmail);
  const choose = (id: string, part: Fields) => {
    setChosen(id);
    // Nothing stays of what was chosen before.
    onChoose({ ...OF_TEMPLATES, ...copied, ...part });
    setCopied({});
  };
  const take = async (key: string) => {
    const { body } = await cache.fetchQuery(definitionQuery("email_templates", key));
    const { subject, body: content, text: plain, conditions, lock: much } = body;
    // What the template locks now stays so in the email.
    const lock = much === undefined ? undefined : { template: key, lock: much, body: content };
    const parts = { subject, body: content, text: plain, conditions, lock };
    choose(
      `template ${key}`,
      Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined)),
    );
  };
  /** A copy of its own: nothing ties it to the email that it was taken from. */
  const copy = async (key: string) => {
    const { body } = await cache.fetchQuery(definitionQuery("emails", key));
    const { kind: _, key: __, name: ___, state: ____, ...parts } = body;
    choose(`${COPIED}${key}`, parts);
    setCopied(Object.fromEntries(Object.keys(parts).map((name) => [name, undefined])));
  };
  return (
    <Input.Wrapper label={text.title} labelElement="div">
      <div className={classes.beginnings}>
        <Beginning
          name={text.blank}
          about={text.blankHint}
          on={chosen === "blank"}
          onChoose={() => choose("blank", starterOf(kind))}
        />
        {DESIGNS.map(({ id, subject, mjml }) => (
          <Beginning
            key={id}
            name={text.designs[id]?.name ?? id}
            about={text.designs[id]?.about ?? ""}
            on={chosen === id}
            onChoose={() => choose(id, { subject, body: { mjml } })}
          />
        ))}
        {templates.map(({ key, name }) => (
          <Beginning
            key={key}
            name={name || key}
            about={text.template}
            on={chosen === `template ${key}`}
            onChoose={() => void take(key)}
          />
        ))}
      </div>
      {emails.length > 0 ? (
        <Select
          mt="sm"
          searchable
          aria-label={text.copy}
          placeholder={text.copy}
          nothingFoundMessage={strings.forms.nothingFound}
          data={emails.map(({ key, name }) => ({ value: key, label: name || key }))}
          value={chosen.startsWith(COPIED) ? chosen.slice(COPIED.length) : null}
          onChange={(key) => key && void copy(key)}
        />
      ) : null}
    </Input.Wrapper>
  );
}

/** The definitions of a kind, where they are wanted: another page may have asked for them already. */
function useNames(plural: string, wanted: boolean): DefinitionRow[] {
  const { data } = useQuery({ ...definitionNamesQuery(plural), enabled: wanted });
  return wanted ? (data?.items ?? []) : [];
}

type ChoiceProps = { name: string; about: string; on: boolean; onChoose: () => void };

function Beginning({ name, about, on, onChoose }: ChoiceProps) {
  return (
    <UnstyledButton
      className={classes.beginning}
      data-on={on || undefined}
      aria-pressed={on}
      onClick={onChoose}
    >
      <Text size="sm" fw={600}>
        {on ? <Check size={13} aria-hidden /> : null} {name}
      </Text>
      <Text size="xs" c="dimmed">
        {about}
      </Text>
    </UnstyledButton>
  );
}
