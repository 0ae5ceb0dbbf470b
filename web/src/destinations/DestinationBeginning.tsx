// What a new destination begins with: its connection, and the settings that it cannot do without.
import type { BeginningProps } from "../forms/beginnings";
import { DestinationFields } from "./DestinationFields";

export default function DestinationBeginning({ body, onChoose, errors }: BeginningProps) {
  return <DestinationFields body={body} onChoose={onChoose} errors={errors} neededOnly />;
}
