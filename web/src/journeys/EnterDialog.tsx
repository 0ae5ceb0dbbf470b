// Lets one account or person enter a journey by hand.
import { Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { enterJourney } from "../api/queries";
import { CustomerPicker } from "../customers/CustomerPicker";
import { Dialog } from "../shell/Dialog";
import { strings } from "../strings";

const text = strings.travellers.enter;

type Props = { journey: string; subject: "account" | "person"; onClose: () => void };

export function EnterDialog({ journey, subject, onClose }: Props) {
  const cache = useQueryClient();
  const [chosen, setChosen] = useState<string>();
  const enter = useMutation({
    mutationFn: (key: string) => enterJourney(journey, { [subject]: key }),
    onSuccess: () => {
      notifications.show({ message: text.done });
      onClose();
      return cache.invalidateQueries({ queryKey: ["journey", journey] });
    },
  });
  return (
    <Dialog
      title={text.title[subject]}
      error={enter.error}
      busy={enter.isPending}
      submit={text.button}
      onClose={onClose}
      onSubmit={() => chosen && enter.mutate(chosen)}
    >
      <Text size="sm" c="dimmed">
        {text.hint}
      </Text>
      <CustomerPicker
        subject={subject}
        label={text.who[subject]}
        required
        data-autofocus
        value={chosen}
        onChange={setChosen}
      />
    </Dialog>
  );
}
