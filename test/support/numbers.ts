/** Branded numbers for tests: the kinds that the core and the host distinguish. */
import type { ConnectionNumber, ObjectId, Pid } from '../../core/numbers.ts';

export const pid = (number: number): Pid => number as Pid;
export const objectId = (number: number): ObjectId => number as ObjectId;
export const connection = (number: number): ConnectionNumber => number as ConnectionNumber;
