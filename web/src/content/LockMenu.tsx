// In the designer's bar of a template: what emails made of it may change of the chosen block.
import { Button, Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { Editor } from "grapesjs";
import { Check, Lock as LockSign } from "lucide-react";
import { useState } from "react";
import { strings } from "../strings";
import { LOCKS, type Lock, letGo, lockOf, mayGo, setLock } from "./locks";

const text = strings.content.locks;

export function LockMenu({ editor }: { editor: () => Editor | undefined }) {
  const [own, setOwn] = useState<Lock>();
  const [goes, setGoes] = useState(false);
  const chosen = () => editor()?.getSelected();
  const choose = (lock: Lock | undefined) => {
    const block = chosen();
    if (block) setLock(block, lock);
    else notifications.show({ color: "yellow", message: text.hint });
  };
  const all: (Lock | undefined)[] = [...LOCKS, undefined];
  return (
    <Menu
      position="bottom-end"
      shadow="md"
      withinPortal
      onOpen={() => {
        const block = chosen();
        setOwn(block && lockOf(block));
        setGoes(block !== undefined && mayGo(block));
      }}
    >
      <Menu.Target>
        <Button size="xs" variant="default" leftSection={<LockSign size={14} aria-hidden />}>
          {text.button}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {all.map((lock) => (
          <Menu.Item
            key={lock ?? "inherited"}
            rightSection={lock === own ? <Check size={14} aria-hidden /> : null}
            onClick={() => choose(lock)}
          >
            {lock ? text.modes[lock] : text.inherited}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item
          rightSection={goes ? <Check size={14} aria-hidden /> : null}
          onClick={() => {
            const block = chosen();
            if (block) letGo(block, !goes);
            else notifications.show({ color: "yellow", message: text.hint });
          }}
        >
          {text.mayGo}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
