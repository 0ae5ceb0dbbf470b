// The import wizard: a file, what its columns mean, what would happen, and then the import itself.
import { Button, FileButton, Group, Select, Stack, Stepper, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { FileUp } from "lucide-react";
import { useRef, useState } from "react";
import { fieldsQuery } from "../api/admin";
import { catalogueQuery, definitionNamesQuery, definitionQuery } from "../api/queries";
import type { ImportReport } from "../api/types";
import { OPPORTUNITY } from "../customers/objects";
import { isRecord } from "../editor/manifest";
import { Refusal } from "../journeys/Refusal";
import { Card } from "../shell/Card";
import { fileSize } from "../shell/format";
import { PageHeader } from "../shell/PageHeader";
import classes from "../shell/shell.module.css";
import { Tabs } from "../shell/Tabs";
import { strings } from "../strings";
import { guessed, type Mapping, targetsOf } from "./columns";
import own from "./imports.module.css";
import { Mapper } from "./Mapper";
import { Outcome } from "./Outcome";
import { ScheduleTab } from "./ScheduleTab";
import { readSample, type Sample, sendFile } from "./send";

const text = strings.imports;

export function ImportPage() {
  const asked = useSearch({ from: "/inside/import" }).kind ?? "accounts";
  const back = asked === "people" ? "people" : "accounts";
  return (
    <div className={classes.page}>
      <PageHeader title={text.title} back={{ to: `/${back}`, label: text.back[back] }} />
      <Tabs
        label={text.title}
        tabs={[
          { id: "file", label: text.tabs.file, body: <Wizard asked={asked} /> },
          { id: "schedule", label: text.tabs.schedule, body: <ScheduleTab /> },
        ]}
      />
    </div>
  );
}

function Wizard({ asked }: { asked: string }) {
  const [kind, setKind] = useState(asked);
  const [file, setFile] = useState<File>();
  const [sample, setSample] = useState<Sample>();
  const [mapping, setMapping] = useState<Mapping>({});
  const [step, setStep] = useState(0);
  const { targets, known } = useTargets(kind);
  const sending = useSending();
  const begin = (next: Sample) => {
    setSample(next);
    setMapping(guessed(next.columns, targets));
    sending.reset();
    setStep(1);
  };
  const send = (dryRun: boolean) => {
    if (!file) return;
    setStep(dryRun ? 2 : 3);
    sending.start({ kind, file, mapping, dryRun });
  };
  const back = kind === "people" ? "people" : "accounts";
  return (
    <Card>
      <Stepper active={step} size="sm" mb="lg" allowNextStepsSelect={false}>
        {Object.entries(text.steps).map(([id, label]) => (
          <Stepper.Step key={id} label={label} />
        ))}
      </Stepper>
      {step === 0 ? (
        <FileStep
          kind={kind}
          file={file}
          ready={known}
          onKind={setKind}
          onFile={setFile}
          onNext={begin}
        />
      ) : null}
      {step === 1 && sample && file ? (
        <Mapper
          kind={kind}
          name={file.name}
          sample={sample}
          targets={targets}
          mapping={mapping}
          onChange={setMapping}
          onBack={() => setStep(0)}
          onNext={() => send(true)}
        />
      ) : null}
      {step >= 2 ? (
        <Outcome
          dryRun={step === 2}
          report={sending.report}
          error={sending.error}
          progress={sending.progress}
          onStop={sending.stop}
          onBack={() => setStep(1)}
          onRun={() => send(false)}
          onAgain={() => {
            setFile(undefined);
            setStep(0);
          }}
          to={`/${back}`}
        />
      ) : null}
    </Card>
  );
}

/** What the columns of this kind of file may become; `known` once the server has told all of it. */
function useTargets(kind: string) {
  const { data: fields } = useQuery(fieldsQuery);
  const { data: catalogue } = useQuery(catalogueQuery);
  const events = catalogue?.events ?? [];
  const activities = [...new Set(events.flatMap((event) => event.fields.map(({ key }) => key)))];
  const declared = !(kind in text.kinds);
  const object = useQuery({ ...definitionQuery("custom_objects", kind), enabled: declared });
  const own = object.data?.body.fields;
  const targets = targetsOf(kind, {
    account: fields?.account.fields ?? [],
    person: fields?.person.fields ?? [],
    fields: {
      activities,
      opportunities: Object.keys(OPPORTUNITY.fields),
      ...(isRecord(own) ? { [kind]: Object.keys(own) } : {}),
    },
  });
  const known = fields !== undefined && catalogue !== undefined && (!declared || !!object.data);
  return { targets, known };
}

type Begun = { kind: string; file: File; mapping: Mapping; dryRun: boolean };

/** One file on its way. */
function useSending() {
  const cache = useQueryClient();
  const [progress, setProgress] = useState(0);
  const stopper = useRef<AbortController>(undefined);
  const sending = useMutation({
    mutationFn: (begun: Begun): Promise<ImportReport> => {
      stopper.current = new AbortController();
      return sendFile({ ...begun, onProgress: setProgress, signal: stopper.current.signal });
    },
    onSuccess: (_, { dryRun }) => (dryRun ? undefined : cache.invalidateQueries()),
  });
  return {
    start: (begun: Begun) => {
      // Before the mutation begins, which is a moment later: the dry run ended at all of it.
      setProgress(0);
      sending.mutate(begun);
    },
    stop: () => stopper.current?.abort(),
    reset: sending.reset,
    report: sending.data,
    error: sending.error,
    progress,
  };
}

type FileProps = {
  kind: string;
  file: File | undefined;
  /** Whether columns can be told by their names already. */
  ready: boolean;
  onKind: (kind: string) => void;
  onFile: (file: File | undefined) => void;
  onNext: (sample: Sample) => void;
};

function FileStep({ kind, file, ready, onKind, onFile, onNext }: FileProps) {
  const { data: objects } = useQuery(definitionNamesQuery("custom_objects"));
  const [over, setOver] = useState(false);
  const read = useMutation({
    mutationFn: async (chosen: File) => {
      const sample = await readSample(chosen);
      if (sample.columns.length === 0) throw new Error(text.noColumns);
      return sample;
    },
    onSuccess: onNext,
  });
  return (
    <Stack gap="md" maw={560}>
      <Select
        label={text.kind}
        allowDeselect={false}
        data={[
          ...Object.entries(text.kinds).map(([value, label]) => ({ value, label })),
          ...(objects?.items ?? []).map(({ key, name }) => ({ value: key, label: name || key })),
        ]}
        value={kind}
        onChange={(next) => next && onKind(next)}
      />
      <section
        className={own.drop}
        data-over={over || undefined}
        aria-label={text.file}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          onFile(event.dataTransfer.files[0]);
        }}
      >
        <FileUp size={24} aria-hidden />
        <Group gap="xs" justify="center">
          <FileButton
            accept=".csv,text/csv"
            inputProps={{ "aria-label": text.file }}
            onChange={(chosen) => onFile(chosen ?? undefined)}
          >
            {(button) => (
              <Button {...button} variant="default">
                {text.choose}
              </Button>
            )}
          </FileButton>
          <Text size="sm" c="dimmed">
            {text.drop}
          </Text>
        </Group>
        <Text size="sm" fw={file ? 600 : 400} c={file ? undefined : "dimmed"}>
          {file ? text.chosen(file.name, fileSize(file.size)) : text.fileHint}
        </Text>
      </section>
      {read.error ? <Refusal error={read.error} /> : null}
      <Group justify="flex-end">
        <Button
          disabled={!file}
          loading={read.isPending || (file !== undefined && !ready)}
          onClick={() => file && read.mutate(file)}
        >
          {text.next}
        </Button>
      </Group>
    </Stack>
  );
}
