// Keys made from names, so that nobody has to think of one.

/** `Q3: Größe & Co.` → `q3-groesse-co`; with `_` where the kind's keys are identifiers. */
export function keyFrom(name: string, pattern: string): string {
  const joint = pattern.includes("_") ? "_" : "-";
  const plain = name
    .toLowerCase()
    .replaceAll("ä", "ae")
    .replaceAll("ö", "oe")
    .replaceAll("ü", "ue")
    .replaceAll("ß", "ss")
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-z0-9]+/g, joint)
    .slice(0, 90);
  const key = plain.replaceAll(new RegExp(`^${joint}+|${joint}+$`, "g"), "");
  if (key === "") return `new${joint}1`;
  return joint === "_" && /^\d/.test(key) ? `n${joint}${key}` : key;
}
