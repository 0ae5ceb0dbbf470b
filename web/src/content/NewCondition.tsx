// A condition on which content depends: its name, whom it is about and when it holds, or the saved filter that says both.
import { SegmentedControl, TextInput } from "@mantine/core";
import { useState } from "react";
import { ConditionField } from "../conditions/ConditionField";
import { ReferencePicker } from "../forms/ReferencePicker";
import { Dialog } from "../shell/Dialog";
import { strings } from "../strings";

const text = strings.content.parts;
const NAME = /^[a-z][a-z0-9_]{0,59}$/;

type Subject = "person" | "account";
type About = Subject | "saved";
type Made = { subject: Subject; when: unknown } | { audience: string };
type Props = {
  taken: string[];
  onClose: () => void;
  onMade: (name: string, condition: Made) => void;
};

export function NewCondition({ taken, onClose, onMade }: Props) {
  const [name, setName] = useState("");
  const [about, setAbout] = useState<About>("person");
  const [when, setWhen] = useState<unknown>();
  const [audience, setAudience] = useState<string>();
  const good = NAME.test(name) && !taken.includes(name);
  const own = when === undefined || about === "saved" ? undefined : { subject: about, when };
  const made: Made | undefined = about === "saved" && audience ? { audience } : own;
  return (
    <Dialog
      title={text.conditionTitle}
      error={null}
      busy={false}
      ready={good && made !== undefined}
      submit={text.add}
      onClose={onClose}
      onSubmit={() => {
        if (made) onMade(name, made);
      }}
    >
      <TextInput
        label={text.conditionName}
        description={text.conditionNameHint}
        error={name !== "" && !good ? text.conditionNameHint : undefined}
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <SegmentedControl
        aria-label={text.about}
        data={[
          { value: "person", label: text.subjects.person },
          { value: "account", label: text.subjects.account },
          { value: "saved", label: text.saved },
        ]}
        value={about}
        onChange={(next) => {
          setAbout(next as About);
          setWhen(undefined);
        }}
      />
      {about === "saved" ? (
        <ReferencePicker
          kind="audience"
          label={text.saved}
          description={text.savedHint}
          required
          value={audience}
          onChange={setAudience}
        />
      ) : (
        <ConditionField
          label={strings.content.preview.conditions}
          description={undefined}
          error={undefined}
          required
          subject={about}
          value={when}
          onChange={setWhen}
        />
      )}
    </Dialog>
  );
}
