import { Alert, List } from "@mantine/core";
import { ApiError } from "../api/problem";
import { prose } from "../shell/Prose";
import { strings } from "../strings";

/** Why not, in the server's sentences, each with the node it is about. */
export function Refusal({ error }: { error: Error }) {
  const findings = error instanceof ApiError ? error.findings : [];
  return (
    <Alert
      color="red"
      variant="light"
      mt="md"
      role="alert"
      title={findings.length > 1 ? strings.journey.findings(findings.length) : undefined}
    >
      {findings.length === 0 ? prose(error.message) : null}
      <List size="sm" spacing={4}>
        {findings.map((finding) => (
          <List.Item
            key={`${finding.code} ${finding.pointer ?? finding.node ?? ""} ${finding.message}`}
          >
            {finding.node ? <b>{finding.node}: </b> : null}
            {prose(finding.message)}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
