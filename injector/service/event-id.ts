/** Ids as they travel: decimal, 20 digits, so that they compare as text as they do as numbers. */

export const formatId = (id: number): string => String(id).padStart(20, '0');

/** @returns undefined for what is no id. Those beyond 2^53 no service has told yet. */
export function parseId(text: string): number | undefined {
  if (!/^\d{1,20}$/.test(text)) return undefined;
  const id = Number(text);
  return Number.isSafeInteger(id) ? id : Number.MAX_SAFE_INTEGER;
}
