// The text of a message to phones, with the number of segments that it costs.
import { Badge, Button, Group, Text, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useMay, useMayWrite } from "../admin/useMay";
import { longestTextQuery, textPreviewQuery, type Viewer } from "../api/content";
import type { EditorProps } from "../definitions/editors";
import type { Fields } from "../editor/manifest";
import { Refusal } from "../journeys/Refusal";
import { Card } from "../shell/Card";
import { strings } from "../strings";
import { Alerts } from "./Alerts";
import classes from "./content.module.css";
import { FieldMenu } from "./FieldMenu";
import { ProofDialog } from "./ProofDialog";
import { holdsFields, segmentsOf, withoutFields, withPlainSigns } from "./segments";
import { JourneyNeeded, useViewer, ViewerPicker } from "./viewer";

const text = strings.content.sms;
const LONGEST = 1_600;

export default function SmsEditor(props: EditorProps) {
  const { definition, body, onChange, errors, saved, onlyLooks } = props;
  const [viewer, setViewer] = useViewer();
  const input = useRef<HTMLTextAreaElement>(null);
  const written = typeof body.body === "string" ? body.body : "";
  const fields = holdsFields(written);
  const counted = segmentsOf(withoutFields(written));
  const plain = withPlainSigns(written);
  const mayReadPeople = useMay()?.("customers:read") !== false;
  const put = (next: string) => onChange({ ...body, body: next });
  const insert = (token: string) => {
    const at = input.current?.selectionStart ?? written.length;
    const to = input.current?.selectionEnd ?? at;
    put(written.slice(0, at) + token + written.slice(to));
    input.current?.focus();
  };
  return (
    <Card
      title={text.title}
      aside={
        <Group gap="xs">
          <Alerts body={body} />
          {onlyLooks ? null : <FieldMenu onChoose={insert} journey={viewer.journey} />}
        </Group>
      }
    >
      <div className={classes.smsColumns}>
        <div>
          <Textarea
            ref={input}
            aria-label={text.title}
            autosize
            minRows={4}
            maxRows={16}
            maxLength={LONGEST}
            maw={720}
            readOnly={onlyLooks}
            error={errors.get("/body")}
            value={written}
            onChange={(event) => put(event.currentTarget.value)}
          />
          <Group gap="xs" mt="xs">
            <Badge variant="light" tt="none" data-segments={counted.segments}>
              {fields ? text.segmentsWithout(counted.segments) : text.segments(counted.segments)}
            </Badge>
            <Text size="xs" c="dimmed" role="status">
              {text.length(counted.length, counted.perSegment * Math.max(counted.segments, 1))}
              {counted.outside ? ` · ${text.unicode(counted.outside)}` : ""}
            </Text>
            {!onlyLooks && counted.unicode && plain !== written ? (
              <Button size="compact-xs" variant="light" onClick={() => put(plain)}>
                {text.plain(segmentsOf(withoutFields(plain)).segments)}
              </Button>
            ) : null}
          </Group>
          {fields && mayReadPeople ? (
            <Longest definition={definition} body={body} journey={viewer.journey} />
          ) : null}
        </div>
        <OnPhone
          definition={definition}
          body={body}
          saved={saved}
          viewer={viewer}
          onViewer={setViewer}
        />
      </div>
    </Card>
  );
}

type LongestProps = { definition: string; body: Fields; journey?: string | undefined };

/** How long the text gets with what people really have in the fields that it names. */
function Longest({ definition, body, journey }: LongestProps) {
  const [draft] = useDebouncedValue(body, 800);
  const { data } = useQuery({
    ...longestTextQuery(definition, draft, journey),
    placeholderData: keepPreviousData,
  });
  if (!data) return null;
  const tooLong = data.characters > LONGEST;
  const told = [
    tooLong ? text.tooLong(data.characters) : text.longest(data.parts, data.people),
    ...(data.outside ? [text.unicode(data.outside)] : []),
    ...Object.entries(data.values).map(([field, value]) => text.because(field, value)),
  ];
  return (
    <Text size="xs" c={tooLong ? "red" : "dimmed"} mt={4} maw={720} className={classes.longest}>
      {told.join(" · ")}
    </Text>
  );
}

type PhoneProps = {
  definition: string;
  body: Fields;
  saved: boolean;
  viewer: Viewer;
  onViewer: (viewer: Viewer) => void;
};

/** The text as one person would get it, with the length that the networks count. */
function OnPhone({ definition, body, saved, viewer, onViewer }: PhoneProps) {
  const [proofing, setProofing] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const mayProof = useMayWrite("sms_message").write;
  const [draft] = useDebouncedValue(body, 400);
  const { data, error } = useQuery({
    ...textPreviewQuery(definition, draft, viewer),
    placeholderData: keepPreviousData,
  });
  return (
    <section aria-label={text.preview}>
      <Group gap="xs">
        <ViewerPicker viewer={viewer} onChange={onViewer} picker={picker} />
        {mayProof ? (
          <Button size="xs" variant="default" onClick={() => setProofing(true)}>
            {strings.content.preview.proof}
          </Button>
        ) : null}
      </Group>
      {proofing ? (
        <ProofDialog
          definition={definition}
          channel="sms"
          saved={saved}
          viewer={viewer}
          onClose={() => setProofing(false)}
        />
      ) : null}
      {error ? <Refusal error={error} /> : null}
      <JourneyNeeded body={draft} viewer={viewer} picker={picker} />
      {data && !error ? (
        <>
          <div className={classes.phone}>
            <div className={classes.bubble}>{data.text}</div>
          </div>
          <Text size="xs" c="dimmed" mt={6} maw={320}>
            {[
              text.segments(data.parts),
              text.alphabet[data.alphabet] ?? data.alphabet,
              text.previewHint,
            ].join(" · ")}
          </Text>
        </>
      ) : null}
    </section>
  );
}
