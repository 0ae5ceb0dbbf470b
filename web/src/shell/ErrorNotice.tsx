import { Alert, Button, Text } from "@mantine/core";
import { CircleAlert } from "lucide-react";
import { strings } from "../strings";
import { prose } from "./Prose";

/** What failed, in the server's own words, and a way to try again. */
export function ErrorNotice({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  return (
    <Alert
      color="red"
      variant="light"
      icon={<CircleAlert size={18} />}
      title={strings.errors.title}
      role="alert"
    >
      <Text>{error instanceof Error ? prose(error.message) : strings.errors.unknown}</Text>
      {onRetry ? (
        <Button mt="sm" size="xs" variant="default" onClick={onRetry}>
          {strings.errors.retry}
        </Button>
      ) : null}
    </Alert>
  );
}
