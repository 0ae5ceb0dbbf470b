// Something of another system: its connection, named beside, offers what there is. Where it cannot be asked, one types.
import { ActionIcon, Select, TextInput, Tooltip } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { RefreshCw } from "lucide-react";
import type { ReactNode } from "react";
import { choicesQuery, readChoices } from "../api/systems";
import type { Choice } from "../api/types";
import type { Fields } from "../editor/manifest";
import { strings } from "../strings";

const text = strings.forms.offered;

type Props = {
  label: string;
  description: ReactNode;
  error: string | undefined;
  required: boolean;
  /** What is offered: `lists`, `campaigns` … */
  what: string;
  /** The field beside it that says inside of what. */
  within: string | undefined;
  whole: Fields;
  value: unknown;
  onChange: (value: string | undefined) => void;
};

export function OfferedField({ what, within, whole, value, onChange, ...common }: Props) {
  const cache = useQueryClient();
  const asked = {
    connection: textOf(whole.connection),
    what,
    within: within ? textOf(whole[within]) : "",
  };
  const query = choicesQuery(asked);
  const ready = asked.connection !== "" && (!within || asked.within !== "");
  const { data, error, isFetching } = useQuery({ ...query, enabled: ready });
  const refresh = useMutation({
    mutationFn: () => readChoices(asked, true),
    onSuccess: (now) => cache.setQueryData(query.queryKey, now),
  });
  const chosen = textOf(value);
  const change = (next: string | null) => onChange(next || (common.required ? "" : undefined));
  if (!data) {
    const why = ready && error ? text.unreachable(error.message) : undefined;
    const first = ready ? undefined : asked.connection === "" ? text.connectionFirst : text.first;
    return (
      <TextInput
        {...common}
        description={why ?? first ?? common.description}
        value={chosen}
        onChange={(event) => change(event.currentTarget.value)}
      />
    );
  }
  return (
    <Select
      {...common}
      description={data.problem ? text.old(data.problem) : common.description}
      searchable
      clearable={!common.required}
      allowDeselect={!common.required}
      nothingFoundMessage={strings.forms.nothingFound}
      rightSectionPointerEvents="all"
      rightSection={
        <Tooltip label={text.refresh}>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`${text.refresh}: ${common.label}`}
            loading={refresh.isPending || isFetching}
            onClick={() => refresh.mutate()}
          >
            <RefreshCw size={14} />
          </ActionIcon>
        </Tooltip>
      }
      data={optionsOf(data.data, chosen)}
      value={chosen || null}
      onChange={change}
    />
  );
}

const textOf = (value: unknown) => (typeof value === "string" ? value : "");

/** Namesakes are told apart by where they stand; what is chosen stays, offered or not. */
function optionsOf(choices: Choice[], chosen: string) {
  const labels = choices.map(({ label }) => label);
  const named = ({ label, detail }: Choice) =>
    detail && labels.filter((each) => each === label).length > 1 ? `${label} · ${detail}` : label;
  const options = new Map(choices.map((choice) => [choice.value, named(choice)]));
  if (chosen && !options.has(chosen)) options.set(chosen, strings.forms.missing(chosen));
  return [...options].map(([value, label]) => ({ value, label }));
}
