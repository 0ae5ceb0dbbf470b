// The entries of the clock; mounted once it is opened, so that they are read then.
import { Menu, Text } from "@mantine/core";
import { useRouterState } from "@tanstack/react-router";
import { useState } from "react";
import { strings } from "../strings";
import { humanise } from "./format";
import { LinkTo } from "./LinkTo";
import { forgetAll, isAt, recentOf, useUser } from "./recent";

const text = strings.recent;
/** As many are shown. */
const SHOWN = 10;

export function RecentPages() {
  const user = useUser();
  const here = useRouterState({ select: (state) => state.location.pathname });
  const [emptied, setEmptied] = useState(false);
  const kept = user && !emptied ? recentOf(user) : [];
  // Nobody goes where they are.
  const pages = kept.filter((page) => !isAt(page, here)).slice(0, SHOWN);
  return (
    <>
      <Menu.Label>{text.title}</Menu.Label>
      {pages.map(({ kind, title, to }) => (
        <Menu.Item key={to} component={LinkTo} to={to}>
          <Text size="sm" truncate>
            {title}
          </Text>
          <Text size="xs" c="dimmed">
            {text.kinds[kind] ?? humanise(kind)}
          </Text>
        </Menu.Item>
      ))}
      {pages.length === 0 ? (
        <Text size="sm" c="dimmed" px="sm" pb="xs">
          {text.none}
        </Text>
      ) : null}
      {user && kept.length > 0 ? (
        <>
          <Menu.Divider />
          <Menu.Item
            closeMenuOnClick={false}
            onClick={() => {
              forgetAll(user);
              setEmptied(true);
            }}
          >
            {text.forget}
          </Menu.Item>
        </>
      ) : null}
    </>
  );
}
