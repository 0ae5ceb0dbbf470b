// Narrows a list to the states that are chosen. They stand in the address.
import { Button, Checkbox, Popover, Stack } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ListFilter } from "lucide-react";
import { strings } from "../strings";

const text = strings.list.states;

/** What is chosen, as the server takes it; none where everything is shown. */
export function useStates(): string | undefined {
  return (useSearch({ strict: false }) as { state?: string }).state;
}

export function StateFilter({ states }: { states: { value: string; label: string }[] }) {
  const navigate = useNavigate();
  const chosen = useStates()?.split(",") ?? [];
  const choose = (next: string[]) =>
    void navigate({
      to: ".",
      search: ((before: Record<string, unknown>) => ({
        ...before,
        state: next.length > 0 ? next.join(",") : undefined,
      })) as never,
      replace: true,
    });
  return (
    <Popover position="bottom-end" shadow="md" trapFocus withinPortal>
      <Popover.Target>
        <Button
          variant={chosen.length > 0 ? "light" : "default"}
          leftSection={<ListFilter size={15} aria-hidden />}
        >
          {chosen.length > 0 ? `${text.filter} · ${chosen.length}` : text.filter}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={text.filter}>
        <Stack gap="xs">
          <Checkbox.Group label={text.label} value={chosen} onChange={choose}>
            <Stack gap="xs" mt="xs">
              {states.map(({ value, label }) => (
                <Checkbox key={value} size="xs" value={value} label={label} />
              ))}
            </Stack>
          </Checkbox.Group>
          <Button
            size="compact-xs"
            variant="subtle"
            disabled={chosen.length === 0}
            onClick={() => choose([])}
          >
            {text.all}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
