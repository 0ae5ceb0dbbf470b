import { useQuery } from "@tanstack/react-query";
import { definitionNamesQuery, definitionQuery } from "../api/queries";
import { isRecord } from "../editor/manifest";
import type { ModelStage } from "./stageMoves";

/** The stages of the installation's one model, in its order, with the moves that it allows. */
export function useModelStages(): ModelStage[] {
  const { data: models } = useQuery(definitionNamesQuery("stage_models"));
  const key = models?.items[0]?.key ?? "";
  const { data: model } = useQuery({
    ...definitionQuery("stage_models", key),
    enabled: key !== "",
  });
  const stages = Array.isArray(model?.body.stages) ? model.body.stages.filter(isRecord) : [];
  return stages.map((stage) => ({
    name: String(stage.name),
    entry: stage.entry === true,
    to: Array.isArray(stage.to) ? stage.to.map(String) : [],
  }));
}

/** Their names. */
export const useStageNames = (): string[] => useModelStages().map(({ name }) => name);
