/** Keys as they are pasted: one on each line, or separated by commas, semicolons or tabs; each once. */
export const pastedKeys = (text: string): string[] => [
  ...new Set(
    text
      .split(/[\n,;\t]/)
      .map((key) => key.trim())
      .filter(Boolean),
  ),
];
