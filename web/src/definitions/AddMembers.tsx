// Accounts or people are put on a list: searched for by name, or pasted as keys.
import { Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { changeMembers, type Membered } from "../api/members";
import { CustomersPicker } from "../customers/CustomerPicker";
import { Dialog } from "../shell/Dialog";
import { strings } from "../strings";
import { pastedKeys } from "./pastedKeys";

const text = strings.definitions.members;

type Props = {
  plural: Membered;
  definition: string;
  subject: "account" | "person";
  /** Some are on the list now. */
  onAdded: () => Promise<unknown>;
  onClose: () => void;
};

export default function AddMembers({ plural, definition, subject, onAdded, onClose }: Props) {
  const [chosen, setChosen] = useState<string[]>([]);
  const [pasted, setPasted] = useState("");
  const keys = [...new Set([...chosen, ...pastedKeys(pasted)])];
  const add = useMutation({
    mutationFn: () => changeMembers(plural, definition, keys, true),
    onSuccess: async ({ unknown }) => {
      await onAdded();
      if (unknown.length === 0) {
        notifications.show({ message: text.done });
        onClose();
        return;
      }
      // Whom nobody knows stays to be put right.
      setChosen([]);
      setPasted(unknown.join("\n"));
    },
  });
  const unknown = add.data?.unknown ?? [];
  return (
    <Dialog
      title={text.adding.button[subject]}
      error={add.error}
      busy={add.isPending}
      ready={keys.length > 0}
      submit={text.adding.submit(keys.length)}
      size="lg"
      onClose={onClose}
      onSubmit={() => add.mutate()}
    >
      <CustomersPicker
        subject={subject}
        label={text.adding.search[subject]}
        description={text.adding.searchHint}
        data-autofocus
        value={chosen}
        onChange={setChosen}
      />
      <Textarea
        label={text.adding.keys}
        description={text.adding.keysHint}
        autosize
        minRows={3}
        maxRows={10}
        value={pasted}
        error={
          unknown.length > 0 && pasted !== ""
            ? `${text.unknown(unknown)}. ${text.adding.someUnknown}`
            : undefined
        }
        onChange={(event) => setPasted(event.currentTarget.value)}
      />
    </Dialog>
  );
}
