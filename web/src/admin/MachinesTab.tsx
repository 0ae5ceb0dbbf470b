// Files of programs and networks by which opens and clicks of machines are told, beside what stands in the settings.
import { Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import {
  clearMachineList,
  loadMachineList,
  machineListFile,
  machineListsQuery,
} from "../api/admin";
import type { LoadedMachineList, MachineListName } from "../api/types";
import { Refusal } from "../journeys/Refusal";
import { Card } from "../shell/Card";
import { Dialog } from "../shell/Dialog";
import { ErrorNotice } from "../shell/ErrorNotice";
import { formatNumber } from "../shell/format";
import { Moment } from "../shell/Moment";
import classes from "../shell/shell.module.css";
import { UploadButton } from "../shell/UploadButton";
import { strings } from "../strings";
import { useMay } from "./useMay";

const text = strings.admin.machines;
const LISTS: MachineListName[] = ["agents", "networks", "blocked_networks"];

export function MachinesTab() {
  const { data, error, refetch } = useQuery(machineListsQuery);
  if (error) return <ErrorNotice error={error} onRetry={refetch} />;
  if (!data) return <Skeleton height={320} />;
  return (
    <div className={classes.stack}>
      <Text size="sm" c="dimmed" maw={720}>
        {text.lead}
      </Text>
      {LISTS.map((list) => (
        <ListCard key={list} list={list} loaded={data.items.find((it) => it.list === list)} />
      ))}
    </div>
  );
}

function ListCard({ list, loaded }: { list: MachineListName; loaded?: LoadedMachineList }) {
  const cache = useQueryClient();
  const may = useMay()?.("settings:write");
  const [clearing, setClearing] = useState(false);
  const load = useMutation({
    mutationFn: (file: File) => loadMachineList(list, file),
    onSuccess: () => cache.invalidateQueries({ queryKey: machineListsQuery.queryKey }),
  });
  const { title, hint, example } = text.lists[list];
  return (
    <Card
      title={title}
      aside={
        <Group gap="xs">
          {loaded ? (
            <Button
              size="xs"
              variant="default"
              component="a"
              href={machineListFile(list)}
              download={`${list}.txt`}
              aria-label={text.downloadNamed(title)}
            >
              {text.download}
            </Button>
          ) : null}
          {may ? (
            <>
              {loaded ? (
                <Button
                  size="xs"
                  variant="default"
                  aria-label={text.clearNamed(title)}
                  onClick={() => setClearing(true)}
                >
                  {text.clear}
                </Button>
              ) : null}
              <UploadButton
                accept=".txt,.csv,.list,.netset,text/plain"
                words={loaded ? text.replace : text.load}
                name={loaded ? text.replaceNamed(title) : text.loadNamed(title)}
                label={text.file(title)}
                busy={load.isPending}
                onFile={load.mutate}
              />
            </>
          ) : null}
        </Group>
      }
    >
      <Stack gap={4}>
        <Text size="sm" c="dimmed">
          {hint} <code>{example}</code>
        </Text>
        {loaded ? (
          <Text size="sm" role="status">
            {text.entries(loaded.entries, formatNumber(loaded.entries))} ·{" "}
            {text.loadedBy(loaded.loaded_by)} <Moment at={loaded.loaded_at} />
          </Text>
        ) : (
          <Text size="sm" role="status">
            {text.none}
          </Text>
        )}
        {load.error ? <Refusal error={load.error} title={text.mistakes} /> : null}
      </Stack>
      {clearing ? <Clear list={list} title={title} onClose={() => setClearing(false)} /> : null}
    </Card>
  );
}

function Clear(props: { list: MachineListName; title: string; onClose: () => void }) {
  const cache = useQueryClient();
  const clear = useMutation({
    mutationFn: () => clearMachineList(props.list),
    onSuccess: async () => {
      props.onClose();
      await cache.invalidateQueries({ queryKey: machineListsQuery.queryKey });
    },
  });
  return (
    <Dialog
      title={text.clearTitle(props.title)}
      submit={text.clear}
      error={clear.error}
      busy={clear.isPending}
      onClose={props.onClose}
      onSubmit={() => clear.mutate()}
    >
      <Text size="sm">{text.clearText}</Text>
    </Dialog>
  );
}
