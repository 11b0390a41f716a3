/**
 * Translates event ids. One operation of the core is up to four events of FSEvents (an exchange is four), whose ids are
 * consecutive.
 */

import { ID_PARTS } from '../../core/protocol.ts';

/** @param part index of the event within its operation. The host skips ids of its own where there are more than four */
export const eventId = (core: number, part: number): number => core * ID_PARTS + part;

/** The highest id that an operation of the core can have. */
export const coveredBy = (core: number): number => core * ID_PARTS + ID_PARTS - 1;

export const coreId = (id: number): number => Math.floor(id / ID_PARTS);
