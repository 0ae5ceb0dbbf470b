import { ActionIcon, Tooltip, UnstyledButton } from "@mantine/core";
import { Panel, useReactFlow, useStore } from "@xyflow/react";
import {
  ArrowDownToLine,
  ArrowRightToLine,
  type LucideIcon,
  Map as MapIcon,
  Maximize,
  ZoomIn,
  ZoomOut,
} from "lucide-react";
import type { ReactNode } from "react";
import { strings } from "../strings";
import type { Direction } from "./layout";
import classes from "./map.module.css";

type Props = {
  direction: Direction;
  onTurn: () => void;
  minimap: boolean;
  onMinimap: () => void;
  more?: ReactNode;
};

const GLIDE = { duration: 250 };

export function Toolbar({ direction, onTurn, minimap, onMinimap, more }: Props) {
  const flow = useReactFlow();
  // Not the whole viewport: moving the map draws nothing here again.
  const zoom = useStore((state) => Math.round(state.transform[2] * 100));
  const across = direction === "horizontal";
  return (
    <Panel position="top-left" className={classes.tools}>
      <div className={classes.toolRow}>
        {more}
        <div className={classes.toolbar} role="toolbar" aria-label={strings.map.view}>
          <Tool
            label={across ? strings.map.toVertical : strings.map.toHorizontal}
            icon={across ? ArrowDownToLine : ArrowRightToLine}
            onClick={onTurn}
          />
          <Tool
            label={strings.map.fit}
            icon={Maximize}
            onClick={() => flow.fitView({ padding: 0.1, maxZoom: 1, ...GLIDE })}
          />
          <Tool label={strings.map.zoomOut} icon={ZoomOut} onClick={() => flow.zoomOut(GLIDE)} />
          <Tool label={strings.map.zoomIn} icon={ZoomIn} onClick={() => flow.zoomIn(GLIDE)} />
          <Tool label={strings.map.minimap} icon={MapIcon} pressed={minimap} onClick={onMinimap} />
        </div>
      </div>
      <div className={classes.zoom}>
        <span>{strings.map.zoom(zoom)}</span>
        <UnstyledButton className={classes.reset} onClick={() => flow.zoomTo(1, GLIDE)}>
          {strings.map.reset}
        </UnstyledButton>
      </div>
    </Panel>
  );
}

type ToolProps = {
  label: string;
  icon: LucideIcon;
  pressed?: boolean;
  disabled?: boolean;
  onClick: () => void;
};

export function Tool({ label, icon: Icon, pressed, disabled, onClick }: ToolProps) {
  return (
    <Tooltip label={label} position="bottom">
      <ActionIcon
        variant={pressed ? "light" : "subtle"}
        color={pressed ? undefined : "gray"}
        size={32}
        aria-label={label}
        aria-pressed={pressed}
        disabled={disabled ?? false}
        onClick={onClick}
      >
        <Icon size={17} />
      </ActionIcon>
    </Tooltip>
  );
}
