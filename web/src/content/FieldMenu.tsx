// The attributes that a message can name, as templates write them.
import { Button, Menu, ScrollArea, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { UserRound } from "lucide-react";
import { useState } from "react";
import { catalogueQuery, definitionQuery } from "../api/queries";
import { useShapes } from "../customers/objects";
import { isRecord } from "../editor/manifest";
import { strings } from "../strings";
import { type Token, tokensOfRecords } from "./records";

const text = strings.content;

/** Everything by which a message may differ from person to person; `journey`: with that journey's own values. */
export function useTokens(journey: string | undefined): Token[] {
  const { data } = useQuery(catalogueQuery);
  const { data: drawn } = useQuery({
    ...definitionQuery("journeys", journey ?? ""),
    enabled: journey !== undefined,
  });
  const records = [...useShapes("account").shapes, ...useShapes("person").shapes];
  const own = isRecord(drawn?.body.tokens) ? Object.keys(drawn.body.tokens) : [];
  const of = (subject: "person" | "account"): Token[] =>
    (data?.attributes[subject] ?? []).map(({ key, label, type }) => ({
      label,
      token:
        type === "string" ? `{{ ${subject}.${key} | default('') }}` : `{{ ${subject}.${key} }}`,
      group: text.groups[subject],
    }));
  return [
    ...of("person"),
    ...of("account"),
    ...records.flatMap(tokensOfRecords),
    { label: text.unsubscribe, token: "{{ system.unsubscribe_url }}", group: text.groups.system },
    ...own.map((name) => ({ label: name, token: `{{ my.${name} }}`, group: text.groups.my })),
  ];
}

type Props = {
  onChoose: (token: string) => void;
  /** Key of the journey whose own values can be inserted. */
  journey?: string | undefined;
};

export function FieldMenu({ onChoose, journey }: Props) {
  const tokens = useTokens(journey);
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const found = tokens.filter(({ label, group }) =>
    `${group} ${label}`.toLowerCase().includes(wanted),
  );
  const groups = [...new Set(found.map(({ group }) => group))];
  return (
    <Menu position="bottom-end" shadow="md" width={280} withinPortal trapFocus>
      <Menu.Target>
        <Button size="xs" variant="default" leftSection={<UserRound size={14} aria-hidden />}>
          {text.insert}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <TextInput
          size="xs"
          m={4}
          aria-label={text.search}
          placeholder={text.search}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        <ScrollArea.Autosize mah={300}>
          {groups.map((group) => (
            <div key={group}>
              <Menu.Label>{group}</Menu.Label>
              {found
                .filter((each) => each.group === group)
                .map(({ token, label }) => (
                  <Menu.Item key={token} onClick={() => onChoose(token)}>
                    {label}
                  </Menu.Item>
                ))}
            </div>
          ))}
        </ScrollArea.Autosize>
        {journey ? null : (
          <Text size="xs" c="dimmed" p={8}>
            {text.myHint}
          </Text>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
