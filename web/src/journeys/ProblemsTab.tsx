import { useParams } from "@tanstack/react-router";
import { ProblemTable } from "../problems/ProblemTable";
import classes from "./journeys.module.css";

export function ProblemsTab() {
  const { key } = useParams({ from: "/inside/journeys/$key" });
  return (
    <div className={classes.tab}>
      <ProblemTable journey={key} />
    </div>
  );
}
