/** One part of a whole; `to`: where its number leads. */
export type RingPart = { label: string; count: number; colour: string; to?: string };

/** Where each part lies on the ring, as shares of the whole. */
export function arcsOf<P extends { count: number }>(parts: P[], whole: number) {
  let offset = 0;
  return parts.map((part) => {
    const share = whole === 0 ? 0 : part.count / whole;
    const arc = { ...part, share, offset };
    offset += share;
    return arc;
  });
}
