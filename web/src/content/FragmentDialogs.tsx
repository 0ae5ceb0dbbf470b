// What is done with a fragment that an email takes in: its open fields are filled in, or it becomes content of the email.
import { Alert, Button, Group, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import type { Editor } from "grapesjs";
import { useState } from "react";
import { definitionQuery } from "../api/queries";
import { type Fields, isRecord } from "../editor/manifest";
import { Dialog } from "../shell/Dialog";
import { humanise } from "../shell/format";
import { prose } from "../shell/Prose";
import { strings } from "../strings";
import { broken, fieldsOf, orphansOf, purposeOf, type Taken, tagFor, unsayable } from "./fields";
import { breakUp, type Inserted, rewrite } from "./parts";

const text = strings.design;

type Props = { editor: Editor; inserted: Inserted; taken: Taken; onClose: () => void };

const sourceOf = (fragment: Fields) => {
  const content = isRecord(fragment.body) ? fragment.body : {};
  return String(content.mjml ?? content.html ?? "");
};

/** Names that only repeat the key are not kept. */
const shownName = (fragment: Fields | undefined, key: string) =>
  String(fragment?.name ?? humanise(key));

export function FillIn({ editor, inserted, taken, onClose }: Props) {
  const { data, error } = useQuery(definitionQuery("fragments", taken.key));
  const [given, setGiven] = useState(taken.given);
  const fields = data ? fieldsOf(data.body) : {};
  const gone = data ? orphansOf(given, fields) : [];
  const wrong = Object.values(given).some((value) => unsayable(value) !== undefined);
  const put = (name: string, value: string) => {
    const { [name]: _, ...others } = given;
    setGiven(value === "" ? others : { ...given, [name]: value });
  };
  const none = data !== undefined && Object.keys(fields).length === 0;
  return (
    <Dialog
      title={text.filling.title(shownName(data?.body, taken.key))}
      error={error}
      busy={false}
      ready={data !== undefined && !wrong && !(none && gone.length === 0 && given === taken.given)}
      submit={text.filling.apply}
      onClose={onClose}
      onSubmit={() => {
        rewrite(editor, inserted, tagFor({ key: taken.key, given: inOrder(given, fields) }));
        onClose();
      }}
    >
      {!data && !error ? <Skeleton height={120} /> : null}
      {data ? (
        <Text size="sm" c="dimmed">
          {none ? prose(text.filling.none) : text.filling.hint}
        </Text>
      ) : null}
      {Object.entries(fields).map(([name, field]) => {
        const value = given[name] ?? "";
        const against = unsayable(value);
        return (
          <TextInput
            key={name}
            label={field.label ?? name}
            description={text.filling.uses[purposeOf(sourceOf(data?.body ?? {}), name)]}
            placeholder={field.default}
            error={against && text.filling.unsayable[against]}
            value={value}
            onChange={(event) => put(name, event.currentTarget.value)}
          />
        );
      })}
      {gone.length > 0 ? (
        <Alert color="yellow" variant="light" title={text.filling.gone}>
          <Stack gap={6}>
            {gone.map((name) => (
              <Group key={name} justify="space-between" wrap="nowrap" gap="xs">
                <Text size="sm">
                  <b>{name}</b>: {given[name]}
                </Text>
                <Button
                  size="compact-xs"
                  variant="subtle"
                  aria-label={text.filling.forgetOne(name)}
                  onClick={() => put(name, "")}
                >
                  {text.filling.forget}
                </Button>
              </Group>
            ))}
          </Stack>
        </Alert>
      ) : null}
    </Dialog>
  );
}

/** As the fragment declares them; what it does not have comes last. */
const inOrder = (given: Record<string, string>, fields: Record<string, unknown>) =>
  Object.fromEntries(
    [...Object.keys(fields), ...orphansOf(given, fields as never)].flatMap((name) =>
      given[name] === undefined ? [] : [[name, given[name]]],
    ),
  ) as Record<string, string>;

type BreakProps = Props & { body: Fields; onBody: (body: Fields) => void };

export function BreakUp({ editor, inserted, taken, onClose, body, onBody }: BreakProps) {
  const { data, error } = useQuery(definitionQuery("fragments", taken.key));
  const apply = (fragment: Fields) => {
    const conditions = isRecord(body.conditions) ? body.conditions : {};
    const opened = broken(fragment, taken.given, conditions);
    const mjml = isRecord(fragment.body) && "mjml" in fragment.body;
    if (!breakUp(inserted, mjml ? { mjml: opened.source } : { html: opened.source })) {
      notifications.show({ color: "yellow", message: text.breaking.unreadable });
      return;
    }
    if (Object.keys(opened.conditions).length > Object.keys(conditions).length) {
      onBody({ ...body, conditions: opened.conditions });
    }
    editor.select();
    onClose();
  };
  return (
    <Dialog
      title={text.breaking.title}
      error={error}
      busy={false}
      ready={data !== undefined}
      submit={text.breaking.apply}
      onClose={onClose}
      onSubmit={() => data && apply(data.body)}
    >
      <Text size="sm">{text.breaking.about(shownName(data?.body, taken.key))}</Text>
      {data?.body.state === "draft" ? (
        <Text size="sm" c="dimmed">
          {text.breaking.draft}
        </Text>
      ) : null}
    </Dialog>
  );
}
