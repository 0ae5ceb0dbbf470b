// The attributes that a message can name, as templates write them.
import { Button, Popover, Text, UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { UserRound } from "lucide-react";
import { useState } from "react";
import { catalogueQuery, definitionQuery } from "../api/queries";
import { useShapes } from "../customers/objects";
import { isRecord } from "../editor/manifest";
import { SearchInput } from "../shell/SearchInput";
import { strings } from "../strings";
import classes from "./content.module.css";
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
  const [open, setOpen] = useState(false);
  return (
    <Popover
      opened={open}
      onChange={setOpen}
      position="bottom-end"
      shadow="md"
      width={280}
      withinPortal
      trapFocus
      returnFocus
    >
      <Popover.Target>
        <Button
          size="xs"
          variant="default"
          leftSection={<UserRound size={14} aria-hidden />}
          onClick={() => setOpen(!open)}
        >
          {text.insert}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={4} aria-label={text.insert}>
        <SearchInput size="xs" m={4} label={text.search} value={search} onChange={setSearch} />
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long list scrolls, by keyboard too */}
        <div className={classes.fieldList} tabIndex={0}>
          {groups.map((group) => (
            <section key={group} aria-label={group}>
              <Text size="xs" c="dimmed" px={12} py={5}>
                {group}
              </Text>
              {found
                .filter((each) => each.group === group)
                .map(({ token, label }) => (
                  <UnstyledButton
                    key={token}
                    className={classes.fieldItem}
                    onClick={() => {
                      setOpen(false);
                      onChoose(token);
                    }}
                  >
                    {label}
                  </UnstyledButton>
                ))}
            </section>
          ))}
        </div>
        {journey ? null : (
          <Text size="xs" c="dimmed" p={8}>
            {text.myHint}
          </Text>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
