/**
 * The core's event ids as FSEvents': one operation of the core may be up to four events there (an exchange), whose
 * ids follow one another.
 */

import { ID_PARTS } from '../../core/protocol.ts';

/** @param part which event of the operation, from 0 on. The host leaves out ids of its own where there are more than four */
export const eventId = (core: number, part: number): number => core * ID_PARTS + part;

/** The id that everything up to an operation of the core is covered by. */
export const coveredBy = (core: number): number => core * ID_PARTS + ID_PARTS - 1;

export const coreId = (id: number): number => Math.floor(id / ID_PARTS);
