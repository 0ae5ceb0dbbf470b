import { VisuallyHidden } from "@mantine/core";
import { Play, Square } from "lucide-react";
import { strings } from "../strings";
import classes from "./map.module.css";

/** The round ends of a map: where travellers come in, and where their trips end. */
export function Terminal({ type }: { type: "play" | "stop" }) {
  return (
    <div className={classes.terminal} data-type={type}>
      {type === "play" ? (
        <Play size={18} fill="currentColor" aria-hidden />
      ) : (
        <Square size={14} fill="currentColor" aria-hidden />
      )}
      <VisuallyHidden>{type === "play" ? strings.map.start : strings.map.stop}</VisuallyHidden>
    </div>
  );
}
