// The words of comments on content.
export const comments = {
  mentioned: (by: string, name: string) => `${by} mentioned you in ${name}`,
  open: "Open it",
};
