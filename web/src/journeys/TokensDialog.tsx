// The journey's own values for its messages.
import { Text } from "@mantine/core";
import { isRecord } from "../editor/manifest";
import { TokensFields } from "../editor/TokensFields";
import { Facts } from "../shell/Facts";
import { strings } from "../strings";
import { SettingDialog, type SettingProps } from "./SettingDialog";

const text = strings.journey.tokens;

export function TokensDialog(props: SettingProps) {
  return (
    <SettingDialog {...props} field="tokens" title={text.title} told={told} fixed={text.fixed}>
      {(fields) => <TokensFields {...fields} />}
    </SettingDialog>
  );
}

function told(value: unknown) {
  const tokens = Object.entries(isRecord(value) ? value : {});
  if (tokens.length === 0) return <Text>{text.none}</Text>;
  return <Facts facts={tokens.map(([label, each]) => ({ label, value: String(each) }))} />;
}
