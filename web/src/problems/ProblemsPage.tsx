import { PageHeader } from "../shell/PageHeader";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";
import { ProblemTable } from "./ProblemTable";

export function ProblemsPage() {
  return (
    <div className={classes.page}>
      <PageHeader title={strings.problems.title} />
      <ProblemTable />
    </div>
  );
}
