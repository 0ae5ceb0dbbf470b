import { Alert, List } from "@mantine/core";
import { ApiError, type Finding } from "../api/problem";
import { prose } from "../shell/Prose";
import { strings } from "../strings";

type Props = {
  error: Error;
  /** What several findings come to; left out: nothing is published. */
  title?: (findings: number) => string;
};

/** Why not, in the server's sentences, each with the node it is about. */
export function Refusal({ error, title = strings.journey.findings }: Props) {
  const findings = error instanceof ApiError ? error.findings : [];
  const only = findings.length === 1 ? findings[0] : undefined;
  return (
    <Alert
      color="red"
      variant="light"
      mt="md"
      role="alert"
      title={findings.length > 1 ? title(findings.length) : undefined}
    >
      {findings.length === 0 ? prose(error.message) : null}
      {only ? <Sentence of={only} /> : null}
      {findings.length > 1 ? (
        <List size="sm" spacing={4}>
          {findings.map((finding) => (
            <List.Item
              key={`${finding.code} ${finding.pointer ?? finding.node ?? ""} ${finding.message}`}
            >
              <Sentence of={finding} />
            </List.Item>
          ))}
        </List>
      ) : null}
    </Alert>
  );
}

const Sentence = ({ of: { node, message } }: { of: Finding }) => (
  <>
    {node ? <b>{node}: </b> : null}
    {prose(message)}
  </>
);
