// Whether travellers may come back.
import { Text } from "@mantine/core";
import { type Fields, isRecord } from "../editor/manifest";
import { ReentryFields } from "../editor/ReentryFields";
import { durationWords } from "../shell/format";
import { strings } from "../strings";
import { SettingDialog, type SettingProps } from "./SettingDialog";

const text = strings.journey.reentry;

export function ReentryDialog(props: SettingProps) {
  return (
    <SettingDialog {...props} field="reentry" title={text.title} told={told} fixed={text.fixed}>
      {(fields) => <ReentryFields {...fields} />}
    </SettingDialog>
  );
}

const told = (value: unknown) => <Text>{isRecord(value) ? sentenceOf(value) : text.once}</Text>;

function sentenceOf(reentry: Fields): string {
  const from = reentry.after === "start" ? "start" : "end";
  return text.again(
    durationWords(String(reentry.delay)),
    strings.editor.settings.afters[from],
    Number(reentry.limit),
  );
}
