// What hands do to a trip that goes on: end its wait, or end the trip.
import { Button, Menu, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ChevronDown, FastForward, LogOut } from "lucide-react";
import { useState } from "react";
import { useMay } from "../admin/useMay";
import { endTrip, endWait } from "../api/queries";
import type { Trip } from "../api/types";
import { Dialog } from "../shell/Dialog";
import { tellFailure } from "../shell/tellFailure";
import { strings } from "../strings";

const text = strings.trip;

type Props = { journey: string; id: string; trip: Trip };

export function TripMenu({ journey, id, trip }: Props) {
  const cache = useQueryClient();
  const [removing, setRemoving] = useState(false);
  const mayRun = useMay()?.("journeys:run") === true;
  const done = async (message: string) => {
    setRemoving(false);
    notifications.show({ message });
    await cache.invalidateQueries({ queryKey: ["journey", journey] });
  };
  const goOn = useMutation({
    mutationFn: () => endWait(journey, id),
    onSuccess: () => done(text.goneOn),
    onError: tellFailure,
  });
  const remove = useMutation({
    mutationFn: () => endTrip(journey, id),
    onSuccess: () => done(text.removed),
  });
  if (!mayRun || trip.state === "ended") return null;
  const { name, key } = trip.traveller;
  return (
    <>
      <Menu position="bottom-end" shadow="md" withinPortal>
        <Menu.Target>
          <Button variant="default" rightSection={<ChevronDown size={15} aria-hidden />}>
            {strings.journey.actions.more}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            disabled={!trip.waiting || goOn.isPending}
            leftSection={<FastForward size={14} />}
            onClick={() => goOn.mutate()}
          >
            {text.goOn}
          </Menu.Item>
          <Menu.Item
            color="red"
            leftSection={<LogOut size={14} />}
            onClick={() => setRemoving(true)}
          >
            {text.remove}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {removing ? (
        <Dialog
          title={text.removeTitle(name || key)}
          error={remove.error}
          busy={remove.isPending}
          ready
          submit={text.remove}
          onClose={() => setRemoving(false)}
          onSubmit={() => remove.mutate()}
        >
          <Text c="dimmed">{text.removeText}</Text>
        </Dialog>
      ) : null}
    </>
  );
}
