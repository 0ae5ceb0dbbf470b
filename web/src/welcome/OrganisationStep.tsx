// Name, postal address and time zone: the settings that every email needs.
import { Button, Select, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { definitionQuery, putDefinition } from "../api/queries";
import { Form } from "../forms/Form";
import { Refusal } from "../journeys/Refusal";
import { strings } from "../strings";
import classes from "./welcome.module.css";

const text = strings.welcome.steps.organisation;

/** The browser's zone is the likeliest one. */
const OWN_ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;
const ZONES = [...new Set([...Intl.supportedValuesOf("timeZone"), "UTC", OWN_ZONE])];

export function OrganisationStep({ onDone }: { onDone: () => void }) {
  const cache = useQueryClient();
  const stored = useQuery({ ...definitionQuery("settings", "settings"), retry: false }).data;
  const before = stored?.body ?? {};
  const [written, setWritten] = useState<Record<string, string>>({});
  const value = (name: string) => written[name] ?? (before[name] as string | undefined) ?? "";
  const write = (name: string) => (next: string | null) =>
    setWritten((now) => ({ ...now, [name]: next ?? "" }));
  const zone = value("time_zone") || OWN_ZONE;
  const save = useMutation({
    mutationFn: () => {
      const settings = { ...before, ...written, time_zone: zone };
      return putDefinition("settings", "settings", settings, stored ? stored : {});
    },
    onSuccess: async () => {
      onDone();
      await cache.invalidateQueries({ queryKey: ["definitions", "settings"] });
      await cache.invalidateQueries({ queryKey: ["organisation"] });
    },
  });
  return (
    <Form className={classes.fields} onSubmit={() => save.mutate()}>
      <TextInput
        label={text.name}
        required
        value={value("organisation")}
        onChange={(event) => write("organisation")(event.currentTarget.value)}
      />
      <Select
        label={text.zone}
        searchable
        allowDeselect={false}
        data={ZONES}
        value={zone}
        onChange={write("time_zone")}
      />
      <Textarea
        className={classes.wide ?? ""}
        label={text.address}
        autosize
        minRows={2}
        required
        value={value("postal_address")}
        onChange={(event) => write("postal_address")(event.currentTarget.value)}
      />
      {save.error ? <Refusal error={save.error} /> : null}
      <div className={classes.wide}>
        <Button type="submit" loading={save.isPending}>
          {text.save}
        </Button>
      </div>
    </Form>
  );
}
