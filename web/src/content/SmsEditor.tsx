// The text of a message to phones, with the number of segments that it costs.
import { Badge, Group, Text, Textarea } from "@mantine/core";
import { useRef } from "react";
import type { EditorProps } from "../definitions/editors";
import { Card } from "../shell/Card";
import { strings } from "../strings";
import { FieldMenu } from "./FieldMenu";
import { holdsFields, segmentsOf } from "./segments";

const text = strings.content.sms;
const LONGEST = 1_600;

export default function SmsEditor({ body, onChange, errors }: EditorProps) {
  const input = useRef<HTMLTextAreaElement>(null);
  const written = typeof body.body === "string" ? body.body : "";
  const counted = segmentsOf(written);
  const put = (next: string) => onChange({ ...body, body: next });
  const insert = (token: string) => {
    const at = input.current?.selectionStart ?? written.length;
    const to = input.current?.selectionEnd ?? at;
    put(written.slice(0, at) + token + written.slice(to));
    input.current?.focus();
  };
  return (
    <Card title={text.title} aside={<FieldMenu onChoose={insert} />}>
      <Textarea
        ref={input}
        aria-label={text.title}
        autosize
        minRows={4}
        maxRows={16}
        maxLength={LONGEST}
        maw={720}
        error={errors.get("/body")}
        value={written}
        onChange={(event) => put(event.currentTarget.value)}
      />
      <Group gap="xs" mt="xs">
        <Badge variant="light" tt="none" data-segments={counted.segments}>
          {text.segments(counted.segments)}
        </Badge>
        <Text size="xs" c="dimmed" role="status">
          {text.length(counted.length, counted.perSegment * Math.max(counted.segments, 1))}
          {counted.unicode ? ` · ${text.unicode}` : ""}
          {holdsFields(written) ? ` · ${text.varies}` : ""}
        </Text>
      </Group>
    </Card>
  );
}
