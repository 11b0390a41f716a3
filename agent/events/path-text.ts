/**
 * Path bytes to text and back. The runtime has no TextDecoder, and a path need not be UTF-8: a byte outside of a
 * well-formed sequence becomes a lone surrogate U+DC80..U+DCFF, so that different paths stay different.
 */

const CHUNK = 4096;

/** @param bytes the path is `bytes[start..end)` */
export function decodePath(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  let units: number[] = [];
  let at = start;
  while (at < end) {
    const first = bytes[at]!;
    let point = first;
    let length = 1;
    if (first >= 0x80) {
      length = sequenceLength(bytes, at, end);
      if (length === 0) {
        point = 0xdc00 + first;
        length = 1;
      } else {
        point = first & (0x7f >> length);
        for (let i = 1; i < length; i++) point = (point << 6) | (bytes[at + i]! & 0x3f);
      }
    }
    at += length;
    if (point > 0xffff) {
      units.push(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff));
    } else {
      units.push(point);
    }
    if (units.length >= CHUNK) {
      text += String.fromCharCode.apply(null, units);
      units = [];
    }
  }
  return text + String.fromCharCode.apply(null, units);
}

/** A lone surrogate that stands for a byte outside of UTF-8. */
const isByte = (unit: number): boolean => unit >= 0xdc80 && unit <= 0xdcff;

/** Number of bytes that `encodePath` writes. */
export function encodedLength(text: string): number {
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const point = text.codePointAt(at)!;
    if (point > 0xffff) at++;
    length += point < 0x80 || isByte(point) ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return length;
}

/** The inverse of `decodePath`: writes from `at` on. @returns offset of the end */
export function encodePath(text: string, bytes: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i)!;
    if (point < 0x80) bytes[at++] = point;
    else if (isByte(point)) bytes[at++] = point - 0xdc00;
    else if (point < 0x800) {
      bytes[at++] = 0xc0 | (point >> 6);
      bytes[at++] = 0x80 | (point & 0x3f);
    } else if (point < 0x10000) {
      bytes[at++] = 0xe0 | (point >> 12);
      bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
      bytes[at++] = 0x80 | (point & 0x3f);
    } else {
      bytes[at++] = 0xf0 | (point >> 18);
      bytes[at++] = 0x80 | ((point >> 12) & 0x3f);
      bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
      bytes[at++] = 0x80 | (point & 0x3f);
      i++;
    }
  }
  return at;
}

/** Length of the well-formed sequence at `at` (first byte ≥ 0x80), 0 if it is not well-formed (RFC 3629 §4). */
function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!;
  const length =
    first >= 0xc2 && first <= 0xdf ? 2 : first >> 4 === 0xe ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0;
  if (length === 0 || at + length > end) return 0;
  for (let i = 1; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1]!;
  // Overlong forms, surrogates and code points above U+10FFFF.
  if (first === 0xe0 && second < 0xa0) return 0;
  if (first === 0xed && second > 0x9f) return 0;
  if (first === 0xf0 && second < 0x90) return 0;
  if (first === 0xf4 && second > 0x8f) return 0;
  return length;
}
