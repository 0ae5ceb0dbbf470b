const TAG = /\{\{.*?\}\}|\{%.*?%\}/gs;

const plain = (text: string) =>
  text
    .replaceAll("&amp;", "&")
    .replaceAll("&#039;", "'")
    .replaceAll("&quot;", '"')
    .replaceAll(/\s+/g, "");

/** Whether a rewritten template still has every tag of the original, in its order. */
export function keepsTags(before: string, after: string): boolean {
  const tags = (text: string) => (text.match(TAG) ?? []).map(plain);
  return tags(before).join("\n") === tags(after).join("\n");
}
