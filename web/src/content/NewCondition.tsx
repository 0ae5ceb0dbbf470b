// A condition on which content depends: its name, whom it is about, and when it holds.
import { SegmentedControl, TextInput } from "@mantine/core";
import { useState } from "react";
import { ConditionField } from "../conditions/ConditionField";
import { Dialog } from "../shell/Dialog";
import { strings } from "../strings";

const text = strings.content.parts;
const NAME = /^[a-z][a-z0-9_]{0,59}$/;

type Subject = "person" | "account";
type Props = {
  taken: string[];
  onClose: () => void;
  onMade: (name: string, condition: { subject: Subject; when: unknown }) => void;
};

export function NewCondition({ taken, onClose, onMade }: Props) {
  const [name, setName] = useState("");
  const [subject, setSubject] = useState<Subject>("person");
  const [when, setWhen] = useState<unknown>();
  const good = NAME.test(name) && !taken.includes(name);
  return (
    <Dialog
      title={text.conditionTitle}
      error={null}
      busy={false}
      ready={good && when !== undefined}
      submit={text.add}
      onClose={onClose}
      onSubmit={() => onMade(name, { subject, when })}
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
        ]}
        value={subject}
        onChange={(next) => {
          setSubject(next as Subject);
          setWhen(undefined);
        }}
      />
      <ConditionField
        label={strings.content.preview.conditions}
        description={undefined}
        error={undefined}
        required
        subject={subject}
        value={when}
        onChange={setWhen}
      />
    </Dialog>
  );
}
