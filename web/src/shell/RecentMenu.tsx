// The clock: what whoever is signed in opened last.
import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { History } from "lucide-react";
import { useState } from "react";
import { strings } from "../strings";
import { RecentPages } from "./RecentPages";

export function RecentMenu() {
  const [opened, setOpened] = useState(false);
  return (
    <Menu
      // Axe has no patience with what the library puts first into a menu; the first entry takes the focus.
      withInitialFocusPlaceholder={false}
      opened={opened}
      onChange={setOpened}
      position="bottom-end"
      shadow="md"
      width={320}
      withinPortal
    >
      <Tooltip label={strings.recent.open} disabled={opened}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={strings.recent.open}>
            <History size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
      </Tooltip>
      <Menu.Dropdown>
        <RecentPages />
      </Menu.Dropdown>
    </Menu>
  );
}
