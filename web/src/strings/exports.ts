// The words of exports and of what people are told when one is over.
const number = new Intl.NumberFormat();
const count = (n: number, one: string, many: string) =>
  `${number.format(n)} ${n === 1 ? one : many}`;

export const exports = {
  title: "Exports",
  lead: "Files of long lists that you asked for. They are kept for seven days.",
  empty: "No exports yet",
  emptyHint: "Ask for one above any list; long ones are written in the background.",
  asked: "The file is being written. You are told when it is ready.",
  see: "See exports",
  columns: {
    file: "File",
    state: "State",
    rows: "Rows",
    size: "Size",
    asked: "Asked for",
    expires: "Deleted on",
  },
  states: {
    queued: "Queued",
    running: "Being written",
    done: "Ready",
    failed: "Failed",
    cancelled: "Cancelled",
    expired: "File is gone",
  },
  rows: (written: number, expected: number | null | undefined, open: boolean) =>
    open && expected
      ? `${number.format(written)} of ${number.format(expected)}`
      : number.format(written),
  download: "Download",
  downloadFile: (file: string) => `Download ${file}`,
  cancel: "Cancel",
  cancelFile: (file: string) => `Cancel ${file}`,
  remove: "Delete",
  removeFile: (file: string) => `Delete ${file}`,
  activities: "Export these activities",
  bell: (unseen: number) =>
    unseen === 0 ? "Notifications" : `Notifications, ${count(unseen, "new one", "new ones")}`,
  notifications: "Notifications",
  none: "Nothing to tell yet",
  noneHint: "Exports and imports of yours stand here when they are over.",
  ready: (name: string, rows: number) =>
    `The export of ${name} is ready: ${count(rows, "row", "rows")}`,
  failed: (name: string) => `The export of ${name} failed`,
  imported: (kind: string, read: number) =>
    `The import of ${kind} is over: ${count(read, "row", "rows")}`,
  rejected: (n: number) => `${count(n, "row was", "rows were")} not taken`,
  gone: "The file is gone",
  wayOutFails: (address: string) => `Unsubscribe buttons are not answered at ${address}`,
  wayOutAnswers: (address: string) => `Unsubscribe buttons are answered again at ${address}`,
  seeProblems: "See problems",
};
