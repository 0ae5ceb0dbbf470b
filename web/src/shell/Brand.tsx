import { Text } from "@mantine/core";
import { strings } from "../strings";
import classes from "./shell.module.css";

/** The mark: a route with three stops. */
export function Brand({ large }: { large?: boolean }) {
  const size = large ? 44 : 30;
  return (
    <span className={classes.brand}>
      <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden focusable="false">
        <rect width="32" height="32" rx="8" fill="#1f4a56" />
        <path
          d="M6 21c5 0 5-10 10-10s5 10 10 10"
          fill="none"
          stroke="#5eead4"
          strokeWidth="2.4"
          strokeLinecap="round"
        />
        <circle cx="6" cy="21" r="3" fill="#fff" />
        <circle cx="16" cy="11" r="3" fill="#fff" />
        <circle cx="26" cy="21" r="3" fill="#f5b544" />
      </svg>
      <Text span className={classes.brandName} data-large={large || undefined}>
        {strings.app}
      </Text>
    </span>
  );
}
