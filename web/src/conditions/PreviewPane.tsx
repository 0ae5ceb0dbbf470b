// Who meets the condition now: how many, some of them, and why one named account or person does or does not.
import { Alert, Loader, Skeleton, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Check, X } from "lucide-react";
import { useState } from "react";
import { previewQuery } from "../api/conditions";
import { ApiError } from "../api/problem";
import type { ConditionPreview } from "../api/types";
import { CustomerPicker } from "../customers/CustomerPicker";
import type { Subject } from "../editor/manifest";
import { formatNumber } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { strings } from "../strings";
import classes from "./conditions.module.css";

const text = strings.conditions.preview;
const PATIENCE_MS = 400;

type Props = {
  subject: Subject;
  condition: unknown;
  /** It stands in a journey: told as for somebody who enters now. */
  entering: boolean;
};

export function PreviewPane({ subject, condition, entering }: Props) {
  const [typed, setTyped] = useState<string>();
  const [asked] = useDebouncedValue({ condition, typed: typed ?? "" }, PATIENCE_MS);
  const { data, error, isFetching } = useQuery({
    ...previewQuery(subject, asked.condition, asked.typed, entering),
    placeholderData: keepPreviousData,
  });
  return (
    <section className={classes.preview} aria-label={text.label}>
      <Text fw={600} size="sm">
        {text.label}{" "}
        {isFetching ? <Loader size={12} role="img" aria-label={strings.list.loading} /> : null}
      </Text>
      {entering ? (
        <Text size="xs" c="dimmed">
          {text.entering[subject]}
        </Text>
      ) : null}
      {error ? (
        <Alert color="yellow" variant="light" p="xs">
          <Text size="xs">{reasonOf(error)}</Text>
        </Alert>
      ) : null}
      {!data && !error ? <Skeleton height={60} /> : null}
      {data && !error ? <Matches preview={data} subject={subject} /> : null}
      <CustomerPicker
        subject={subject}
        size="xs"
        label={text.whyNot[subject]}
        placeholder={text.search}
        value={typed}
        onChange={setTyped}
      />
      {data?.why_not && asked.typed !== "" && !error ? <Why why={data.why_not} /> : null}
    </section>
  );
}

/** What is not finished yet is no fault; the server says what is missing. */
function reasonOf(error: Error): string {
  const findings = error instanceof ApiError ? error.findings : [];
  if (findings.length === 0) return error.message;
  return findings.map((finding) => finding.message).join(" ");
}

function Matches({ preview, subject }: { preview: ConditionPreview; subject: Subject }) {
  const base = subject === "account" ? "/accounts" : "/people";
  return (
    <Stack gap={6}>
      <Text role="status">
        <b data-count="matches">{formatNumber(preview.count)}</b>{" "}
        {text.match(preview.count, subject)}
      </Text>
      {preview.warnings.map((warning) => (
        <Text key={warning} size="xs" c="orange">
          {warning}
        </Text>
      ))}
      {preview.sample.length > 0 ? (
        <>
          <Text size="xs" c="dimmed">
            {text.sample}
          </Text>
          <ul className={classes.sample}>
            {preview.sample.map((each) => (
              <li key={each.key}>
                <LinkTo to={at(base, each.key)} target="_blank">
                  {each.name ?? each.key}
                </LinkTo>
              </li>
            ))}
          </ul>
        </>
      ) : null}
    </Stack>
  );
}

function Why({ why }: { why: NonNullable<ConditionPreview["why_not"]> }) {
  return (
    <Stack gap={6}>
      <Text size="sm" fw={600}>
        {why.holds ? text.holds : text.fails}
      </Text>
      {why.lacking ? <Text size="xs">{why.lacking}</Text> : null}
      <ul className={classes.sample}>
        {why.tests.map((test) => (
          <li key={test.test} className={classes.why} data-holds={test.holds}>
            {test.holds ? (
              <Check size={14} aria-label={strings.values.yes} />
            ) : (
              <X size={14} aria-label={strings.values.no} />
            )}
            <span>
              {test.test}
              {test.saw ? (
                <Text size="xs" c="dimmed">
                  {text.saw(test.saw)}
                </Text>
              ) : null}
            </span>
          </li>
        ))}
      </ul>
    </Stack>
  );
}
