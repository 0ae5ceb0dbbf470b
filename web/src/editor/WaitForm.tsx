// Wait: how long, or until when, and at which moments it may end.
import { SegmentedControl, Stack } from "@mantine/core";
import { DurationInput, InstantInput } from "../forms/inputs";
import { strings } from "../strings";
import { useEditor } from "./EditorScene";
import { Leaving } from "./Leaving";
import { MustEndOn } from "./MustEndOn";
import { type Fields, write } from "./manifest";
import type { NodeFormProps } from "./NodeEditor";

const text = strings.editor.wait;

export function WaitForm({ at, errors, node }: NodeFormProps & { node: Fields }) {
  return (
    <>
      <DurationFields at={at} errors={errors} node={node} label={text.type} />
      <Leaving node={node} words={text.leaves} />
    </>
  );
}

/** A duration or a date, as waits and timeouts have it. */
export function DurationFields({
  at,
  errors,
  node,
  label,
}: {
  at: string;
  errors: ReadonlyMap<string, string>;
  node: Fields;
  label: string;
}) {
  const { set } = useEditor();
  const put = (field: string, value: unknown) =>
    set((now) => write(now, `${at}/${field}`, value), `${at}/${field}`);
  const until = node.duration === undefined && node.until !== undefined;
  const change = (kind: string) =>
    set((now) => {
      const { duration: _, until: __, must_end_on: ___, ...rest } = node;
      const begun = kind === "until" ? { until: tomorrow() } : { duration: "5d" };
      return write(now, at, { ...rest, ...begun });
    }, `${at}/kind`);
  return (
    <Stack gap="sm">
      <SegmentedControl
        aria-label={label}
        data={[
          { value: "duration", label: text.duration },
          { value: "until", label: text.until },
        ]}
        value={until ? "until" : "duration"}
        onChange={change}
      />
      {until ? (
        <InstantInput
          label={text.when}
          required
          error={errors.get("/until")}
          value={node.until}
          onChange={(value) => put("until", value ?? tomorrow())}
        />
      ) : (
        <>
          <DurationInput
            label={text.howLong}
            required
            error={errors.get("/duration")}
            value={node.duration}
            onChange={(value) => put("duration", value ?? "0m")}
          />
          <MustEndOn
            value={node.must_end_on}
            errors={errors}
            onChange={(value) => put("must_end_on", value)}
          />
        </>
      )}
    </Stack>
  );
}

function tomorrow(): string {
  const date = new Date(Date.now() + 86_400_000);
  date.setMinutes(0, 0, 0);
  return date.toISOString().replace(".000Z", "Z");
}
