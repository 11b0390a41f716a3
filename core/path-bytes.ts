/**
 * Paths are bytes to the kernel and strings in the core.
 *
 * Bytes that are not UTF-8 become lone surrogates U+DC80…U+DCFF, one for each byte, which no valid UTF-8 decodes
 * to; so decoding is reversible and distinct names stay distinct (PEP 383's "surrogateescape").
 */

const ESCAPE = 0xdc00;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Length of the valid UTF-8 sequence at `i`, or 0. Well-formedness as in the Unicode standard, table 3-7. */
function sequenceLength(bytes: Uint8Array, i: number): number {
  const lead = bytes[i];
  if (lead < 0x80) return 1;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || i + length > bytes.length) return 0;
  const second = bytes[i + 1];
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let k = 2; k < length; k++) if ((bytes[i + k] & 0xc0) !== 0x80) return 0;
  return length;
}

function decodeEscaping(bytes: Uint8Array): string {
  let text = '';
  let valid = 0;
  for (let i = 0; i < bytes.length; ) {
    const length = sequenceLength(bytes, i);
    if (length > 0) {
      i += length;
      continue;
    }
    text += utf8.decode(bytes.subarray(valid, i)) + String.fromCharCode(ESCAPE + bytes[i]);
    valid = ++i;
  }
  return text + utf8.decode(bytes.subarray(valid));
}

/** A path's bytes as the core's string. Never fails. */
export function decodePath(bytes: Uint8Array): string {
  if (bytes.length < 256) {
    let ascii = true;
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] >= 0x80) {
        ascii = false;
        break;
      }
    }
    if (ascii) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  }
  try {
    return utf8.decode(bytes);
  } catch {
    return decodeEscaping(bytes);
  }
}

// Any escape is an unpaired surrogate, which well-formed text does not contain.
const LONE_ESCAPE = /[\ud800-\udbff][\udc00-\udfff]|[\udc80-\udcff]/g;

/** The bytes that `decodePath` would read as `path`. */
export function encodePath(path: string): Buffer {
  if ((path as { isWellFormed?: () => boolean }).isWellFormed?.() ?? !/[\ud800-\udfff]/.test(path))
    return Buffer.from(path, 'utf8');
  const parts: Buffer[] = [];
  let from = 0;
  for (const match of path.matchAll(LONE_ESCAPE)) {
    if (match[0].length === 2) continue;
    parts.push(Buffer.from(path.slice(from, match.index), 'utf8'));
    parts.push(Buffer.of(match[0].charCodeAt(0) - ESCAPE));
    from = match.index + 1;
  }
  parts.push(Buffer.from(path.slice(from), 'utf8'));
  return Buffer.concat(parts);
}

/** Bytes of a path or name. */
export function pathLength(path: string): number {
  for (let i = 0; i < path.length; i++) if (path.charCodeAt(i) >= 0x80) return encodePath(path).length;
  return path.length;
}
