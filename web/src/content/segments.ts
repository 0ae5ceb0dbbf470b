// How many messages a text is split into on its way to a phone (3GPP TS 23.038 and 23.040).

/** The characters of the seven-bit alphabet, and those that take two places in it. */
const BASIC =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENDED = "^{}\\[~]|€\f";

export type Segments = { unicode: boolean; length: number; segments: number; perSegment: number };

export function segmentsOf(text: string): Segments {
  const characters = [...text];
  const unicode = characters.some((each) => !BASIC.includes(each) && !EXTENDED.includes(each));
  const length = unicode
    ? text.length
    : characters.reduce((sum, each) => sum + (EXTENDED.includes(each) ? 2 : 1), 0);
  const [single, several] = unicode ? [70, 67] : [160, 153];
  const perSegment = length <= single ? single : several;
  return { unicode, length, segments: Math.ceil(length / perSegment), perSegment };
}

/** The parts of a template that are filled in for each person; how long they get is not known. */
export const holdsFields = (text: string) => /\{\{|\{%/.test(text);
