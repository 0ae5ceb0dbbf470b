import { useQuery } from "@tanstack/react-query";
import { definitionNamesQuery, definitionQuery } from "../api/queries";
import { isRecord } from "../editor/manifest";

/** The stages of the installation's one model, in its order. */
export function useStageNames(): string[] {
  const { data: models } = useQuery(definitionNamesQuery("stage_models"));
  const key = models?.items[0]?.key ?? "";
  const { data: model } = useQuery({
    ...definitionQuery("stage_models", key),
    enabled: key !== "",
  });
  const stages = Array.isArray(model?.body.stages) ? model.body.stages.filter(isRecord) : [];
  return stages.map((stage) => String(stage.name));
}
