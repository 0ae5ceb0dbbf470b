import { Anchor, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { askExport, exportsQuery, notificationsQuery } from "../api/exports";
import { LinkTo } from "../shell/LinkTo";
import { strings } from "../strings";

const text = strings.exports;

/** Asks for a file that is written in the background, and says that somebody will be told. */
export function useExport() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: askExport,
    onSuccess: async () => {
      notifications.show({
        message: (
          <Text size="sm">
            {text.asked}{" "}
            <Anchor component={LinkTo} to="/exports" inherit>
              {text.see}
            </Anchor>
          </Text>
        ),
      });
      await Promise.all([
        cache.invalidateQueries({ queryKey: exportsQuery.queryKey }),
        cache.invalidateQueries({ queryKey: notificationsQuery.queryKey }),
      ]);
    },
    onError: (error) => notifications.show({ color: "red", message: error.message }),
  });
}
