/** Numbers of different kinds that share no values by design: the compiler refuses to mix them. */

declare const kind: unique symbol;
type Numbered<Kind extends string> = number & { readonly [kind]: Kind };

/** Process id of the operating system. */
export type Pid = Numbered<'process'>;

/** The file in the object directory that holds an inode's bytes. Never reused. */
export type ObjectId = Numbered<'object'>;

/** A program's connection to the host, counted from 1. An exec ends a connection and begins the next. */
export type ConnectionNumber = Numbered<'connection'>;

/** An open file description of a real file that is read in place. Above every object id: they share fields on the wire. */
export type ReaderNumber = Numbered<'reader'>;

/** Anything that keeps an object's bytes while it has them open. */
export type Holder = ConnectionNumber | ReaderNumber;

/** An inode without an object. */
export const NO_OBJECT = 0 as ObjectId;
