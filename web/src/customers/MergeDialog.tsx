// Two accounts or two people become one: which stays is chosen, and what it would do is shown before it is done.
import { Alert, Button, List, SegmentedControl, Skeleton, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ArrowLeftRight, CircleAlert } from "lucide-react";
import { useState } from "react";
import { type Merge, mergeCustomers, mergePreviewQuery, type Subject } from "../api/customers";
import { Refusal } from "../journeys/Refusal";
import { Dialog } from "../shell/Dialog";
import { at } from "../shell/LinkTo";
import { strings } from "../strings";
import { CustomerPicker } from "./CustomerPicker";
import { consequencesOf } from "./merging";

const text = strings.customers.merge;

export type Named = { key: string; name: string };
type Props = {
  subject: Subject;
  /** The one, and the other where both are known already. */
  first: Named;
  second?: Named;
  onClose: () => void;
};

export function MergeDialog({ subject, first, second, onClose }: Props) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [picked, setPicked] = useState<string>();
  const [turned, setTurned] = useState(false);
  const other = second?.key ?? picked;
  const [keep, gone] = turned ? [other, first.key] : [first.key, other];
  const asked = keep && gone ? { subject, keep, gone } : undefined;
  const merge = useMutation({
    mutationFn: mergeCustomers,
    onSuccess: async (done) => {
      notifications.show({ message: text.done(done.gone, done.keep) });
      onClose();
      await navigate({ to: at(subject === "account" ? "/accounts" : "/people", done.keep) });
      // Lists, groups and journeys show other people and accounts now.
      await cache.invalidateQueries();
    },
  });
  return (
    <Dialog
      title={text.title[subject]}
      error={merge.error}
      busy={merge.isPending}
      ready={asked !== undefined}
      submit={text.button}
      onClose={onClose}
      onSubmit={() => asked && merge.mutate(asked)}
    >
      {second ? null : (
        <CustomerPicker
          subject={subject}
          without={first.key}
          label={text.other[subject]}
          description={text.otherHint(first.name)}
          data-autofocus
          value={picked}
          onChange={setPicked}
        />
      )}
      {asked ? (
        <>
          <Which
            first={first.name}
            second={second?.name ?? picked ?? ""}
            turned={turned}
            onTurn={setTurned}
          />
          <Preview merge={asked} />
        </>
      ) : null}
    </Dialog>
  );
}

type WhichProps = {
  first: string;
  second: string;
  turned: boolean;
  onTurn: (turned: boolean) => void;
};

function Which({ first, second, turned, onTurn }: WhichProps) {
  return (
    <div>
      <Text size="sm" fw={500} mb={4} id="merge-stays">
        {text.stays}
      </Text>
      <SegmentedControl
        fullWidth
        aria-labelledby="merge-stays"
        data={[
          { value: "first", label: first },
          { value: "second", label: second },
        ]}
        value={turned ? "second" : "first"}
        onChange={(value) => onTurn(value === "second")}
      />
    </div>
  );
}

function Preview({ merge }: { merge: Merge }) {
  const { data, error, refetch } = useQuery(mergePreviewQuery(merge));
  if (error)
    return (
      <>
        <Refusal error={error} />
        <Button variant="default" size="xs" onClick={() => void refetch()}>
          {strings.errors.retry}
        </Button>
      </>
    );
  if (!data) return <Skeleton height={140} role="status" aria-label={text.looking} />;
  return (
    <>
      <section aria-label={text.would}>
        <Text size="sm" fw={600} mb={6}>
          {text.would}
        </Text>
        <List size="sm" spacing={4} icon={<ArrowLeftRight size={14} aria-hidden />}>
          {consequencesOf(data).map((sentence) => (
            <List.Item key={sentence}>{sentence}</List.Item>
          ))}
        </List>
      </section>
      <Alert color="yellow" variant="light" icon={<CircleAlert size={18} />}>
        {text.forGood(data.gone)}
      </Alert>
    </>
  );
}
