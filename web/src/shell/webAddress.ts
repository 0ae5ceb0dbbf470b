/** An address that a browser only opens as a page; none for whatever else it would run or read. */
export function webAddress(written: string | null | undefined): string | undefined {
  if (!written || !URL.canParse(written)) return undefined;
  return ["https:", "http:"].includes(new URL(written).protocol) ? written : undefined;
}
