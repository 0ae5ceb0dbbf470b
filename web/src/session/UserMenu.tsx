import { Avatar, Menu, UnstyledButton } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Clock, Footprints, LogOut } from "lucide-react";
import { useRoleName } from "../admin/useRoleName";
import { client } from "../api/client";
import { sessionQuery } from "../api/queries";
import { tellExactly, useExactTimes } from "../shell/exactTimes";
import { initials } from "../shell/format";
import { LinkTo } from "../shell/LinkTo";
import { forgetAll } from "../shell/recent";
import { strings } from "../strings";

export function UserMenu() {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const session = useQuery(sessionQuery).data;
  const roleName = useRoleName();
  const exact = useExactTimes();
  if (!session) return null;
  const signOut = async () => {
    await client.DELETE("/api/v1/session");
    forgetAll(session.user.email);
    cache.clear();
    cache.setQueryData(sessionQuery.queryKey, null);
    await navigate({ to: "/sign-in", search: {} });
  };
  const { email, role } = session.user;
  return (
    <Menu position="bottom-end" shadow="md" width={240}>
      <Menu.Target>
        <UnstyledButton aria-label={strings.session.menu(email)} style={{ borderRadius: "50%" }}>
          <Avatar size={34} color="ocean" variant="light" radius="xl" aria-hidden>
            {initials(email.split("@")[0] ?? email)}
          </Avatar>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {email} · {roleName(role)}
        </Menu.Label>
        <Menu.Item component={LinkTo} to="/welcome" leftSection={<Footprints size={15} />}>
          {strings.welcome.open}
        </Menu.Item>
        <Menu.Item leftSection={<Clock size={15} />} onClick={() => tellExactly(!exact)}>
          {exact ? strings.time.inWords : strings.time.exact}
        </Menu.Item>
        <Menu.Item leftSection={<LogOut size={15} />} onClick={signOut}>
          {strings.session.signOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
