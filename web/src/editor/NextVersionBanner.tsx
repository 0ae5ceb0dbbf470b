import { Anchor, Text } from "@mantine/core";
import { at, LinkTo } from "../shell/LinkTo";
import { strings } from "../strings";
import classes from "./editor.module.css";

const text = strings.editor.nextVersion;

/** Says that what is edited is not what travellers are on. */
export function NextVersionBanner({ journey, version }: { journey: string; version: number }) {
  return (
    <div className={classes.nextVersion}>
      <Text size="sm">{text.text(version)}</Text>
      <Anchor component={LinkTo} to={at("/journeys", journey)} size="sm" fw={600}>
        {text.leave}
      </Anchor>
    </div>
  );
}
