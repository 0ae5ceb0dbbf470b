import { ProblemTable } from "./ProblemTable";

export function ProblemsPage() {
  return <ProblemTable />;
}
