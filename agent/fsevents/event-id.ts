/**
 * The core's event ids as FSEvents': one operation of the core may be up to four events there (an exchange), whose
 * ids follow one another.
 */

const PARTS = 4;

/** @param part 0 to 3: which event of the operation */
export const eventId = (core: number, part: number): number => core * PARTS + part;

/** The id that everything up to an operation of the core is covered by. */
export const coveredBy = (core: number): number => core * PARTS + PARTS - 1;

export const coreId = (id: number): number => Math.floor(id / PARTS);
