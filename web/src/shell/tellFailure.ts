import { notifications } from "@mantine/notifications";
import { strings } from "../strings";

/** Says what went wrong where nothing else on the page can. */
export const tellFailure = (error: Error) =>
  notifications.show({
    color: "red",
    title: strings.errors.actionFailed,
    message: error.message,
  });
