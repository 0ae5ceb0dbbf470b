// The stages that groups of some solution interests go through.
import { useQueries } from "@tanstack/react-query";
import { definitionQuery } from "../api/queries";
import { isRecord } from "../editor/manifest";

/** The names of the stages of the models that these interests follow, each once. */
export function useStages(interests: readonly string[]): string[] {
  const found = useQueries({
    queries: interests.map((key) => definitionQuery("solution_interests", key)),
  });
  const models = found.flatMap(({ data }) =>
    typeof data?.body.stage_model === "string" ? [data.body.stage_model] : [],
  );
  const declared = useQueries({
    queries: [...new Set(models)].map((key) => definitionQuery("stage_models", key)),
  });
  const stages = declared.flatMap(({ data }) =>
    Array.isArray(data?.body.stages) ? data.body.stages.filter(isRecord) : [],
  );
  return [...new Set(stages.map((stage) => String(stage.name)))];
}
