// One definition: its form, made from the schema of its kind, or the editor that its kind has; saved as a whole.
import { Alert, Button, Group, List, Menu, Modal, Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ChevronDown, Lock, Trash2 } from "lucide-react";
import { Suspense, useState } from "react";
import { useMayWrite } from "../admin/useMay";
import { ApiError } from "../api/problem";
import { kindsQuery } from "../api/queries";
import type { Kind } from "../api/types";
import type { Fields } from "../editor/manifest";
import { LookedAt } from "../forms/LookedAt";
import { SchemaForm } from "../forms/SchemaForm";
import { fieldsOf } from "../forms/schema";
import { useFirstWrong } from "../forms/useFirstWrong";
import { Refusal } from "../journeys/Refusal";
import { Card } from "../shell/Card";
import { NotFound, PageFault } from "../shell/Fault";
import { humanise, inSentence } from "../shell/format";
import { at } from "../shell/LinkTo";
import { PageHeader } from "../shell/PageHeader";
import { prose } from "../shell/Prose";
import { useOpened } from "../shell/recent";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";
import { addressOf } from "./address";
import { CopyDialog } from "./CopyDialog";
import { DefinitionState } from "./DefinitionState";
import { type Editing, useEditing } from "./edit";
import { belowOf, besideOf, editorOf, noticeOf, panelsOf } from "./editors";
import { fixedOf, idleOf, lockOf } from "./fixed";
import { Locked } from "./Locked";
import { useNamesOf } from "./NamedLink";
import { RemoveDialog } from "./RemoveDialog";
import { titleOf } from "./SectionPage";
import { listAddress, SECTIONS, sectionOf } from "./sections";

const text = strings.definitions;
/** Fields that the head of the page shows. */
const ENVELOPE = ["kind", "key", "state"];

export function DefinitionPage() {
  const { plural, key } = useParams({ from: "/inside/definitions/$plural/$key" });
  const { data: kinds } = useQuery(kindsQuery);
  const kind = kinds?.items.find((each) => each.plural === plural);
  if (kinds && !kind) return <NotFound />;
  if (!kind) return <Waiting />;
  return <DefinitionEditor key={`${plural}/${key}`} kind={kind} definition={key} />;
}

/** To the journey from which it was opened, or else to the list of its kind. */
function useWayBack(kind: Kind) {
  const { journey } = useSearch({ from: "/inside/definitions/$plural/$key" });
  const nameOf = useNamesOf("journeys", journey !== undefined);
  if (journey) return { to: at("/journeys", journey), label: text.backTo(nameOf(journey)) };
  return { to: listAddress(kind.kind), label: text.backTo(titleOf(kind.kind)) };
}

const Waiting = () => (
  <div className={classes.page}>
    <Skeleton height={320} />
  </div>
);

/** A name that says the same as the key is not kept, but it is there. */
const nameOf = ({ name }: Fields, key: string) =>
  typeof name === "string" && name ? name : humanise(key);

function DefinitionEditor({ kind, definition }: { kind: Kind; definition: string }) {
  const editing = useEditing(kind.plural, definition);
  const { body, error, errors, refetch } = editing;
  const may = useMayWrite(kind.kind);
  // What may only be looked at stays as it is, whatever is typed.
  const change = may.write ? editing.change : () => undefined;
  const [copying, setCopying] = useState(false);
  const back = useWayBack(kind);
  useFirstWrong(editing.save.error, "main");
  useOpened(
    editing.stored && {
      kind: kind.kind,
      title: nameOf(editing.stored, definition),
      to: addressOf(kind.plural, definition),
    },
  );
  if (error) {
    return <PageFault error={error} onRetry={refetch} back={back} />;
  }
  if (!body) return <Waiting />;
  const name = nameOf(body, definition);
  const written = typeof body.name === "string" ? body : { ...body, name };
  const editor = editorOf(kind.kind, body);
  const Own = editor?.component;
  const elsewhere = [
    ...ENVELOPE,
    ...(editor?.fields ?? []),
    ...besideOf(kind.kind),
    ...idleOf(kind.kind, body),
  ];
  const fields = fieldsOf(kind.schema).filter(([field]) => !elsewhere.includes(field));
  const panels = panelsOf(kind.kind);
  const Below = belowOf(kind.kind);
  const wide = sectionOf(kind.kind) === SECTIONS.lists || undefined;
  const Notice = noticeOf(kind.kind);
  const own = Own ? (
    <Suspense fallback={<Skeleton height={360} />}>
      <LookedAt only={!may.write && !editor?.looks}>
        <Own
          definition={definition}
          body={body}
          onChange={change}
          errors={errors}
          saved={!editing.dirty}
          onlyLooks={!may.write}
        />
      </LookedAt>
    </Suspense>
  ) : null;
  return (
    <div className={classes.page}>
      <PageHeader
        title={name}
        back={back}
        detail={
          <>
            {kind.kind === "settings" ? null : (
              <>
                <span>{kind.label}</span>
                <span>{definition}</span>
              </>
            )}
            {kind.life_cycle === "publish" ? (
              <DefinitionState state={String(body.state ?? "draft")} />
            ) : null}
            {editing.dirty ? <b>{text.unsaved}</b> : null}
          </>
        }
      >
        {may.write ? (
          <Buttons
            mayPublish={may.publish}
            kind={kind}
            name={name}
            definition={definition}
            editing={editing}
            onCopy={() => setCopying(true)}
          />
        ) : null}
      </PageHeader>
      {may.write ? null : <OnlyToLookAt kind={kind} />}
      <Locked
        kind={kind.kind}
        body={body}
        onCopy={may.write ? () => setCopying(true) : undefined}
      />
      <Refused editing={editing} />
      {Notice ? (
        <Suspense>
          <Notice definition={definition} body={body} saved={!editing.dirty} />
        </Suspense>
      ) : null}
      {editor?.narrow ? null : own}
      <div className={panels.length > 0 ? classes.columns : undefined} data-wide={wide}>
        <div className={classes.stack}>
          {editor?.narrow ? own : null}
          <Card title={Own ? text.more : text.settings}>
            <div className={classes.form}>
              <LookedAt only={!may.write}>
                <SchemaForm
                  fields={fields}
                  value={written}
                  onChange={(next, field) => change(named(next, field, body))}
                  errors={errors}
                  subject={subjectOf(kind.kind, body)}
                  fixed={fixedOf(kind.kind, body)}
                  // The head of the page says why, and what to do instead.
                  fixedHint={lockOf(kind.kind, body) ? text.stays : undefined}
                />
              </LookedAt>
            </div>
          </Card>
        </div>
        {panels.length > 0 ? (
          <div className={classes.stack}>
            <Suspense fallback={<Skeleton height={200} />}>
              {panels.map((Panel, n) => (
                <Panel
                  // biome-ignore lint/suspicious/noArrayIndexKey: the panels of a kind never change
                  key={n}
                  definition={definition}
                  body={body}
                  saved={!editing.dirty}
                />
              ))}
            </Suspense>
          </div>
        ) : null}
      </div>
      {Below ? (
        <Suspense fallback={<Skeleton height={240} />}>
          <Below definition={definition} body={body} saved={!editing.dirty} />
        </Suspense>
      ) : null}
      <LeaveDialog editing={editing} />
      {copying ? (
        <CopyDialog
          kind={kind}
          definition={definition}
          name={name}
          onClose={() => setCopying(false)}
        />
      ) : null}
    </div>
  );
}

/** What was written, with a name of its own only once somebody wrote one; an emptied one stays empty. */
function named(next: Fields, field: string, before: Fields): Fields {
  const { name, ...rest } = next;
  if (field === "name") return { ...rest, name: name ?? "" };
  return before.name === undefined ? rest : next;
}

/** Whom the conditions of a kind are about, where no field beside them says it. */
function subjectOf(kind: string, body: Record<string, unknown>): "account" | "person" {
  if (body.subject === "account" || body.subject === "person") return body.subject;
  return kind === "people_list" || kind === "roles_template" ? "person" : "account";
}

/** That nothing can be changed here, and who changes that. */
function OnlyToLookAt({ kind }: { kind: Kind }) {
  return (
    <Alert color="gray" variant="light" icon={<Lock size={18} aria-hidden />}>
      {text.onlyToLookAt(inSentence(kind.label))}
    </Alert>
  );
}

type ButtonProps = {
  kind: Kind;
  /** Without it, what is saved is a draft. */
  mayPublish: boolean;
  name: string;
  definition: string;
  editing: Editing;
  onCopy: () => void;
};

function Buttons({ kind, mayPublish, name, definition, editing, onCopy }: ButtonProps) {
  const navigate = useNavigate();
  const [removing, setRemoving] = useState(false);
  const { body, dirty, save, discard } = editing;
  const drafts = kind.life_cycle === "publish";
  const live = body?.state === "live";
  // What gave way to another is not published again, and stays as it is.
  const archived = body?.state === "archived";
  const publishes = live && drafts && mayPublish;
  const saveAs = drafts ? (publishes ? "live" : "draft") : undefined;
  return (
    <>
      <Menu position="bottom-end" shadow="md" withinPortal>
        <Menu.Target>
          <Button variant="default" rightSection={<ChevronDown size={15} aria-hidden />}>
            {strings.journey.actions.more}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item disabled={!dirty} onClick={discard}>
            {text.discard}
          </Menu.Item>
          {kind.kind === "settings" ? null : (
            <Menu.Item disabled={dirty} onClick={onCopy}>
              {text.copy.button}
            </Menu.Item>
          )}
          <Menu.Item
            color="red"
            leftSection={<Trash2 size={14} />}
            onClick={() => setRemoving(true)}
          >
            {text.remove}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {archived ? null : (
        <Button
          variant={drafts && !live && mayPublish ? "default" : "filled"}
          disabled={!dirty}
          loading={save.isPending && save.variables === saveAs}
          onClick={() => save.mutate(saveAs)}
        >
          {publishes ? text.publishChanges : live && drafts ? text.saveDraft : strings.forms.save}
        </Button>
      )}
      {drafts && !live && !archived && mayPublish ? (
        <Button
          loading={save.isPending && save.variables === "live"}
          onClick={() => save.mutate("live")}
        >
          {text.publish}
        </Button>
      ) : null}
      {removing ? (
        <RemoveDialog
          kind={kind}
          rows={[{ key: definition, name }]}
          onClose={() => setRemoving(false)}
          onGone={() => void navigate({ to: listAddress(kind.kind), ignoreBlocker: true })}
        />
      ) : null}
    </>
  );
}

/** Why it was not saved; what is about one field stands at the field as well. */
function Refused({ editing }: { editing: Editing }) {
  const { save, findings, discard } = editing;
  if (!save.error) return null;
  if (save.error instanceof ApiError && save.error.status === 412) {
    return (
      <Alert color="yellow" variant="light" title={text.changedTitle} role="alert">
        <Text size="sm">{text.changedText}</Text>
        <Button size="xs" mt="sm" variant="default" onClick={discard}>
          {text.takeTheirs}
        </Button>
      </Alert>
    );
  }
  if (findings.length === 0) return <Refusal error={save.error} />;
  return (
    <Alert color="red" variant="light" role="alert" title={text.refused}>
      <List size="sm">
        {findings.map((finding) => (
          <List.Item key={`${finding.pointer} ${finding.message}`}>
            {prose(finding.message)}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}

function LeaveDialog({ editing: { blocker } }: { editing: Editing }) {
  if (blocker.status !== "blocked") return null;
  return (
    <Modal opened onClose={blocker.reset} title={text.leaveTitle}>
      <Text c="dimmed">{text.leaveText}</Text>
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" onClick={blocker.reset} data-autofocus>
          {text.stay}
        </Button>
        <Button color="red" onClick={blocker.proceed}>
          {text.leave}
        </Button>
      </Group>
    </Modal>
  );
}
