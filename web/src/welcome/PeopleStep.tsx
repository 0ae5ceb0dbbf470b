// Accounts and people: from files of one's own, or invented ones to look around with.
import { Button, Group } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { FileUp, Sparkles } from "lucide-react";
import { sampleFile } from "../api/welcome";
import { sendFile } from "../imports/send";
import { Refusal } from "../journeys/Refusal";
import { LinkTo } from "../shell/LinkTo";
import { strings } from "../strings";

const text = strings.welcome.steps.people;

export function PeopleStep({ onDone }: { onDone: () => void }) {
  const cache = useQueryClient();
  const take = useMutation({
    mutationFn: async () => {
      // People name the accounts that they work for.
      for (const kind of ["accounts", "people"] as const) {
        await sendFile({
          kind,
          file: await sampleFile(kind),
          mapping: {},
          dryRun: false,
          onProgress: () => {},
          signal: new AbortController().signal,
        });
      }
    },
    onSuccess: async () => {
      onDone();
      await cache.invalidateQueries({ queryKey: ["accounts"] });
      await cache.invalidateQueries({ queryKey: ["people"] });
    },
  });
  return (
    <>
      <Group gap="xs">
        <Button
          component={LinkTo}
          to="/import?kind=accounts"
          leftSection={<FileUp size={15} aria-hidden />}
        >
          {text.import}
        </Button>
        <Button
          variant="default"
          leftSection={<Sparkles size={15} aria-hidden />}
          loading={take.isPending}
          onClick={() => take.mutate()}
        >
          {text.sample}
        </Button>
      </Group>
      {take.error ? <Refusal error={take.error} /> : null}
    </>
  );
}
