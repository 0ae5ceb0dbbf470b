// Somebody else saved the same draft: what differs, and which of the two goes on.
import { Alert, Button, Group, Text } from "@mantine/core";
import { TriangleAlert } from "lucide-react";
import { useState } from "react";
import { strings } from "../strings";
import { DifferenceList } from "./DifferenceList";
import { differences } from "./differences";
import type { DraftStore } from "./draft";
import { useDraft } from "./EditorScene";
import classes from "./editor.module.css";

const text = strings.editor.conflict;

type Props = { draft: DraftStore; titles: ReadonlyMap<string, string> };

export function ConflictBanner({ draft, titles }: Props) {
  const { manifest, saving } = useDraft(draft);
  const [shown, setShown] = useState(false);
  if (saving.state !== "conflict") return null;
  return (
    <Alert
      color="yellow"
      variant="light"
      radius={0}
      icon={<TriangleAlert size={18} />}
      title={text.title}
      role="alert"
      className={classes.banner}
    >
      <Text size="sm">{text.text}</Text>
      {shown ? (
        <div className={classes.differences}>
          <DifferenceList
            differences={differences(manifest, saving.theirs.manifest)}
            titles={titles}
            empty={text.nothing}
          />
        </div>
      ) : null}
      <Group gap="xs" mt="xs">
        <Button size="xs" onClick={() => draft.takeTheirs()}>
          {text.theirs}
        </Button>
        <Button size="xs" variant="default" onClick={() => draft.keepMine()}>
          {text.mine}
        </Button>
        <Button size="xs" variant="subtle" aria-expanded={shown} onClick={() => setShown(!shown)}>
          {shown ? text.hide : text.show}
        </Button>
      </Group>
    </Alert>
  );
}
