// Narrows accounts or people to those whom journeys, groups and messages pass over, by why.
import { Select } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { Subject } from "../api/customers";
import { strings } from "../strings";

const text = strings.customers.passedOver;

/** The reason in the address; none where it is no reason of this subject. */
export function usePassedOver<R extends string>(subject: Subject): R | undefined {
  const { passed } = useSearch({ strict: false }) as { passed?: string };
  return passed !== undefined && passed in text.reasons[subject] ? (passed as R) : undefined;
}

export function PassedOver({ subject }: { subject: Subject }) {
  const navigate = useNavigate();
  const reason = usePassedOver(subject);
  return (
    <Select
      w={200}
      aria-label={text.label}
      placeholder={text.label}
      clearable
      data={Object.entries(text.reasons[subject]).map(([value, label]) => ({ value, label }))}
      value={reason ?? null}
      onChange={(next) =>
        void navigate({
          to: ".",
          search: ((before: Record<string, unknown>) => ({
            ...before,
            passed: next ?? undefined,
          })) as never,
          replace: true,
        })
      }
    />
  );
}
