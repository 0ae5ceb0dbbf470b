// One number with its name, and a word on what it means.
import { Text } from "@mantine/core";
import own from "./dashboards.module.css";

export function Figure({ label, value, hint }: { label: string; value: string; hint?: string }) {
  return (
    <section className={own.number} aria-label={label}>
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      <Text fz={26} fw={650} lh={1.3}>
        {value}
      </Text>
      {hint ? (
        <Text size="xs" c="dimmed">
          {hint}
        </Text>
      ) : null}
    </section>
  );
}
