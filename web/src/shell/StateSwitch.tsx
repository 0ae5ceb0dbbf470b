import { SegmentedControl, type SegmentedControlProps } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";

type StateSwitchProps<T extends string> = Pick<SegmentedControlProps, "w" | "size"> & {
  label: string;
  value: T;
  /** The first of them is what is shown unless the address says otherwise. */
  states: readonly { value: T; label: string }[];
};

/** Which half of a list is shown; it stands in the address. */
export function StateSwitch<T extends string>({
  label,
  value,
  states,
  ...room
}: StateSwitchProps<T>) {
  const navigate = useNavigate();
  const show = (state: string) =>
    void navigate({
      to: ".",
      search: ((before: Record<string, unknown>) => ({
        ...before,
        state: state === states[0]?.value ? undefined : state,
      })) as never,
      replace: true,
    });
  return (
    <SegmentedControl
      {...room}
      aria-label={label}
      value={value}
      onChange={show}
      data={[...states]}
    />
  );
}
