// What trying another system came to, and when it last worked or did not.
import { Alert } from "@mantine/core";
import { Moment } from "../shell/Moment";
import { prose } from "../shell/Prose";
import { strings } from "../strings";

/** What the other side said, or what is wrong and what to do. */
export function TrialResult({ tried }: { tried: { ok: boolean; message: string } | undefined }) {
  if (!tried) return null;
  return (
    <Alert color={tried.ok ? "green" : "red"} variant="light" mt="sm" role="status">
      {prose(tried.message)}
    </Alert>
  );
}

export const Occasion = ({ at }: { at: string | null | undefined }) =>
  at ? <Moment at={at} /> : strings.systems.never;
