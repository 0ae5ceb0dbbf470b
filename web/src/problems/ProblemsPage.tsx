// What waits for somebody: what could not be done, and answers that somebody shall look at.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useMay } from "../admin/useMay";
import { answersQuery } from "../api/answers";
import { totalOf } from "../shell/DataTable";
import { PageHeader } from "../shell/PageHeader";
import classes from "../shell/shell.module.css";
import { Tabs } from "../shell/Tabs";
import { strings } from "../strings";
import { Answers } from "./Answers";
import { ProblemTable } from "./ProblemTable";

export function ProblemsPage() {
  const mayRead = useMay()?.("customers:read");
  return (
    <div className={classes.page}>
      <PageHeader title={strings.problems.title} />
      {mayRead === undefined ? null : mayRead ? <WithAnswers /> : <ProblemTable />}
    </div>
  );
}

function WithAnswers() {
  const open = totalOf(useInfiniteQuery(answersQuery())) ?? 0;
  const { answers, problems } = strings;
  return (
    <Tabs
      label={problems.title}
      tabs={[
        { id: "problems", label: problems.title, body: <ProblemTable /> },
        { id: "answers", label: open ? answers.some(open) : answers.tab, body: <Answers /> },
      ]}
    />
  );
}
