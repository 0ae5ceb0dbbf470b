// In the designer's bar: showing the chosen block only for some, and taking fragments in.
import { Button, Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { Component, Editor } from "grapesjs";
import { Puzzle, Split } from "lucide-react";
import { useState } from "react";
import { definitionNamesQuery, definitionQuery } from "../api/queries";
import { type Fields, isRecord } from "../editor/manifest";
import { strings } from "../strings";
import { NewCondition } from "./NewCondition";
import { chosenBlock, showOnlyIf, showOtherwise, takeIn } from "./parts";

const text = strings.content.parts;

type Props = {
  /** The designer, once it is open. */
  editor: () => Editor | undefined;
  body: Fields;
  onBody: (body: Fields) => void;
};

const tell = (message: string) => notifications.show({ color: "yellow", message });

export function ConditionMenu({ editor, body, onBody }: Props) {
  const conditions = isRecord(body.conditions) ? body.conditions : {};
  const [making, setMaking] = useState<Component>();
  const block = () => {
    const open = editor();
    const chosen = open && chosenBlock(open);
    if (!chosen) tell(text.conditionHint);
    return chosen;
  };
  const only = (name: string) => {
    const chosen = block();
    if (chosen) showOnlyIf(chosen, name);
  };
  return (
    <>
      <Menu position="bottom-end" shadow="md" withinPortal>
        <Menu.Target>
          <Button size="xs" variant="default" leftSection={<Split size={14} aria-hidden />}>
            {text.condition}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {Object.keys(conditions).map((name) => (
            <Menu.Item key={name} onClick={() => only(name)}>
              {name}
            </Menu.Item>
          ))}
          {Object.keys(conditions).length > 0 ? <Menu.Divider /> : null}
          <Menu.Item onClick={() => setMaking(block())}>{text.newCondition}</Menu.Item>
          <Menu.Item
            onClick={() => {
              const chosen = block();
              if (chosen && !showOtherwise(chosen)) tell(text.noEnd);
            }}
          >
            {text.otherwise}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {making ? (
        <NewCondition
          taken={Object.keys(conditions)}
          onClose={() => setMaking(undefined)}
          onMade={(name, condition) => {
            onBody({ ...body, conditions: { ...conditions, [name]: condition } });
            showOnlyIf(making, name);
            setMaking(undefined);
          }}
        />
      ) : null}
    </>
  );
}

export function FragmentMenu({ editor }: Pick<Props, "editor">) {
  const cache = useQueryClient();
  const { data } = useQuery(definitionNamesQuery("fragments"));
  const fragments = data?.items ?? [];
  const take = async (key: string) => {
    const { body } = await cache.fetchQuery(definitionQuery("fragments", key));
    const open = editor();
    if (open) takeIn(open, key, isRecord(body.body) ? body.body : {});
  };
  return (
    <Menu position="bottom-end" shadow="md" withinPortal>
      <Menu.Target>
        <Button size="xs" variant="default" leftSection={<Puzzle size={14} aria-hidden />}>
          {text.fragment}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {fragments.length === 0 ? <Menu.Label>{text.noFragments}</Menu.Label> : null}
        {fragments.map(({ key, name }) => (
          <Menu.Item key={key} onClick={() => void take(key)}>
            {name || key}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
