import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { askExport, exportsQuery, notificationsQuery } from "../api/exports";
import { strings } from "../strings";

/** Asks for a file that is written in the background, and says that somebody will be told. */
export function useExport() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: askExport,
    onSuccess: async () => {
      notifications.show({ message: strings.exports.asked });
      await Promise.all([
        cache.invalidateQueries({ queryKey: exportsQuery.queryKey }),
        cache.invalidateQueries({ queryKey: notificationsQuery.queryKey }),
      ]);
    },
    onError: (error) => notifications.show({ color: "red", message: error.message }),
  });
}
