/** Event ids as text: decimal with 20 digits, so that they sort the same as text and as numbers. */

export const formatId = (id: number): string => String(id).padStart(20, '0');

/** @returns undefined for text that is not an id, or is above 2^53, which no service has reached */
export function parseId(text: string): number | undefined {
  if (!/^\d{1,20}$/.test(text)) return undefined;
  const id = Number(text);
  return Number.isSafeInteger(id) ? id : Number.MAX_SAFE_INTEGER;
}
