/**
 * The interface between the gate (C) and the Frida agent (QuickJS) of one process: callbacks, operations, and the
 * layouts of kevent's records.
 */
import { ID_PARTS } from '../protocol.ts';

type NativeType = 'int32' | 'uint32' | 'pointer' | 'void';

export interface AgentCallback {
  readonly name: string;
  readonly result: NativeType;
  /** Types by name, in order. */
  readonly parameters: Readonly<Record<string, NativeType>>;
  readonly comment: string;
}

/** Callbacks of the agent's JavaScript, in the order of `struct shimfs_agent`. Counts are ≥ 0, or -errno. */
export const AGENT_CALLBACKS = [
  {
    name: 'changes',
    result: 'int32',
    parameters: {
      queue: 'uint32',
      family: 'uint32',
      changes: 'pointer',
      nchanges: 'int32',
      events: 'pointer',
      nevents: 'int32',
      flags: 'uint32',
    },
    comment: 'a change list with virtual files; returns how many records it wrote',
  },
  {
    name: 'drain',
    result: 'int32',
    parameters: { queue: 'uint32', family: 'uint32', events: 'pointer', capacity: 'int32' },
    comment: 'takes pending events; returns how many',
  },
  { name: 'fd_closed', result: 'void', parameters: { fd: 'int32' }, comment: 'before the number is free' },
  { name: 'queue_closed', result: 'void', parameters: { queue: 'uint32' }, comment: 'its last descriptor' },
  {
    name: 'events',
    result: 'uint32',
    parameters: { bytes: 'pointer', length: 'uint32' },
    comment: 'bytes of the host; length 0: it has ended. Returns the low half of the last event number',
  },
  {
    name: 'dispatch',
    result: 'int32',
    parameters: { op: 'uint32', id: 'uint32', fd: 'int32', mask: 'uint32' },
    comment: 'enum dispatch_op; 0 or -errno of a watch that could not be had',
  },
] as const satisfies readonly AgentCallback[];
export type AgentCallbackName = (typeof AGENT_CALLBACKS)[number]['name'];

/** A program's call on a Dispatch source. */
export const DispatchOp = {
  Created: 0,
  Activate: 1,
  Resume: 2,
  Suspend: 3,
  Cancel: 4,
  /** The last reference was released. */
  Released: 5,
} as const;

/** A program's call on an FSEvents stream. */
export const StreamOp = {
  /** data: the stream as agent/fsevents/records.ts reads it */
  Create: 0,
  /** data: paths. Returns whether it is allowed, like the next two */
  Exclude: 1,
  Schedule: 2,
  Unschedule: 3,
  /** a: highest id delivered. Returns whether it runs */
  Start: 4,
  Stop: 5,
  Invalidate: 6,
  Release: 7,
  /** Returns the highest id queued */
  Flush: 8,
  Drained: 9,
  /** data: records of the system's stream */
  Real: 10,
} as const;
/** Flags of a created stream. */
export const StreamFlag = { /** the system has a stream of its own for the real roots */ Mixed: 1 } as const;

/** The function that was called; a kqueue's first call binds it to a family. */
export const Family = { Kevent: 0, Kevent64: 1, KeventQos: 2 } as const;
export type Family = (typeof Family)[keyof typeof Family];

/** A record's size and offsets, bytes: xnu bsd/sys/event.h, event_private.h. -1: the layout lacks the field. */
export interface RecordLayout {
  readonly size: number;
  readonly ident: number;
  readonly filter: number;
  readonly flags: number;
  readonly fflags: number;
  readonly data: number;
  readonly udata: number;
  readonly qos: number;
  readonly xflags: number;
  readonly ext: number;
  /** 64-bit words. */
  readonly extCount: number;
}
const head = { ident: 0, filter: 8, flags: 10 } as const;
/** By Family. */
export const RECORD_LAYOUTS: readonly RecordLayout[] = [
  { ...head, size: 32, fflags: 12, data: 16, udata: 24, qos: -1, xflags: -1, ext: -1, extCount: 0 },
  { ...head, size: 48, fflags: 12, data: 16, udata: 24, qos: -1, xflags: -1, ext: 32, extCount: 2 },
  { ...head, size: 72, fflags: 24, data: 32, udata: 16, qos: 12, xflags: 28, ext: 40, extCount: 4 },
];

const C_TYPE: Readonly<Record<NativeType, string>> = {
  int32: 'int32_t ',
  uint32: 'uint32_t ',
  pointer: 'const void *',
  void: 'void ',
};
/** Records that a callback fills in. */
const WRITTEN = 'events';

const enumeration = (name: string, prefix: string, values: Readonly<Record<string, number>>): string => {
  const rows = Object.entries(values).map(
    ([key, value]) => `${prefix}_${key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()} = ${value}`,
  );
  return `enum ${name}{ ${rows.join(', ')} };`;
};

function callback({ name, result, parameters, comment }: AgentCallback): string {
  const list = Object.entries(parameters).map(
    ([parameter, type]) =>
      `${type === 'pointer' && parameter === WRITTEN ? 'void *' : C_TYPE[type]}${parameter}`,
  );
  return `  ${C_TYPE[result]}(*${name})(${list.join(', ')}); /* ${comment} */`;
}

/** `agent_abi.h`. */
export function agentAbiHeader(): string {
  const layouts = RECORD_LAYOUTS.map((l) => `{${[l.size, l.fflags, l.data, l.udata].join(', ')}}`);
  return [
    '/* Generated from core/gate/agent-abi.ts. Do not edit. */',
    '#pragma once',
    '#include <stdint.h>',
    '',
    "/* Callbacks of the agent's JavaScript. Counts are ≥ 0, or -errno. */",
    'struct shimfs_agent {',
    ...AGENT_CALLBACKS.map(callback),
    '};',
    '',
    enumeration('dispatch_op ', 'DISPATCH', DispatchOp),
    enumeration('stream_op ', 'STREAM', StreamOp),
    enumeration('', 'STREAM', StreamFlag),
    `enum { ID_PARTS = ${ID_PARTS} }; /* FSEvents' ids per id of the core's */`,
    '',
    '/* The function that was called; the families of records. */',
    `enum family { FAMILY_KEVENT = ${Family.Kevent}, FAMILY_KEVENT64 = ${Family.Kevent64}, FAMILY_QOS = ${Family.KeventQos}, FAMILIES = ${RECORD_LAYOUTS.length} };`,
    '/* Offsets in a record: ident is at 0, filter at 8, flags at 10 in all of them. */',
    'struct record_layout {',
    '  uint8_t size, fflags, data, udata;',
    '};',
    `static const struct record_layout layouts[FAMILIES] = {${layouts.join(', ')}};`,
    '',
  ].join('\n');
}
