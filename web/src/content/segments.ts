// How many messages a text is split into on its way to a phone (3GPP TS 23.038 and 23.040).

/** The characters of the seven-bit alphabet, and those that take two places in it. */
const BASIC =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENDED = "^{}\\[~]|€\f";

export type Segments = {
  unicode: boolean;
  /** The first character that the seven-bit alphabet does not have. */
  outside?: string | undefined;
  length: number;
  segments: number;
  perSegment: number;
};

export function segmentsOf(text: string): Segments {
  const characters = [...text];
  const outside = characters.find((each) => !BASIC.includes(each) && !EXTENDED.includes(each));
  const unicode = outside !== undefined;
  const places = characters.map((each) =>
    unicode ? each.length : EXTENDED.includes(each) ? 2 : 1,
  );
  const length = places.reduce((sum, each) => sum + each, 0);
  const [single, several] = unicode ? [70, 67] : [160, 153];
  if (length <= single) {
    return { unicode, outside, length, segments: length > 0 ? 1 : 0, perSegment: single };
  }
  return { unicode, outside, length, segments: partsOf(places, several), perSegment: several };
}

/** No character is split over two parts, so a part may end before it is full. */
function partsOf(places: number[], room: number): number {
  let parts = 1;
  let filled = 0;
  for (const each of places) {
    if (filled + each > room) {
      parts += 1;
      filled = 0;
    }
    filled += each;
  }
  return parts;
}

/** Signs that word processors put in, and those of the seven-bit alphabet that say the same. */
const PLAIN: [RegExp, string][] = [
  [/[\u2018\u2019\u201A\u201B\u2032\u02BC\u00B4\u0060]/g, "'"],
  [/[\u201C\u201D\u201E\u201F\u2033\u00AB\u00BB]/g, '"'],
  [/[\u2010\u2011\u2012\u2013\u2014\u2015\u2212]/g, "-"],
  [/\u2026/g, "..."],
  [/[\u00A0\u2009\u202F\t]/g, " "],
  [/[\u2022\u00B7]/g, "*"],
  [/\u200B|\uFEFF/g, ""],
];

/** The text with signs of the seven-bit alphabet in place of those that only look better; its template tags stay. */
export const withPlainSigns = (text: string) =>
  text
    .split(/(\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\})/)
    .map((part, n) =>
      n % 2 === 1 ? part : PLAIN.reduce((made, [signs, plain]) => made.replace(signs, plain), part),
    )
    .join("");

/** What a text says to everybody: without the parts that are filled in. */
export const withoutFields = (text: string) => text.replace(/\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g, "");

/** Whether parts of a text are filled in for each person. */
export const holdsFields = (text: string) => /\{\{|\{%/.test(text);
