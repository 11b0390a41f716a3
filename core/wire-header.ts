/** The wire (core/protocol.ts) as a C header: what the gate is compiled with. */
import { cDefines, cStruct } from './layout.ts';
import {
  AgentOp,
  BY_DESCRIPTOR,
  DIRENT,
  DIRTY_SLOTS,
  EVENT,
  GENERATIONS,
  HELLO,
  HostState,
  LIMITS,
  MAGIC,
  MAX_REPLY,
  MAX_REQUEST,
  OBJECT_NAMES,
  Op,
  PROTOCOL_VERSION,
  REPLY,
  REQUEST,
  ReplyFlag,
  Role,
  SESSION_VARIABLE,
  SHARED,
  SharedFlag,
  TOKEN_BYTES,
  WATCHED_SLOTS,
} from './protocol.ts';
import { wireDefines } from './wire-numbers.ts';

/** `wire.h`. */
export function cHeader(): string {
  const structs = [REQUEST, REPLY, HELLO, DIRENT, EVENT, SHARED].map((l) => cStruct(l));
  return [
    '/* Generated from core/protocol.ts. Do not edit. */',
    '#pragma once',
    '#include <stddef.h>',
    '#include <stdint.h>',
    `#define SHIMFS_PROTOCOL_VERSION ${PROTOCOL_VERSION}`,
    `#define SHIMFS_MAGIC 0x${MAGIC.toString(16)}u`,
    `#define SHIMFS_MAX_REQUEST ${MAX_REQUEST}`,
    `#define SHIMFS_MAX_REPLY ${MAX_REPLY}`,
    `#define SHIMFS_TOKEN_BYTES ${TOKEN_BYTES}`,
    `#define SHIMFS_DIRTY_SLOTS ${DIRTY_SLOTS}`,
    `#define SHIMFS_WATCHED_SLOTS ${WATCHED_SLOTS}`,
    `#define SHIMFS_GENERATIONS ${GENERATIONS}`,
    ...Object.entries(LIMITS).map(([name, value]) => `#define SHIMFS_${name} ${value}`),
    `#define SHIMFS_SESSION_VARIABLE "${SESSION_VARIABLE}"`,
    `#define SHIMFS_OBJECTS "${OBJECT_NAMES.objects}"`,
    `#define SHIMFS_DIRECTORIES "${OBJECT_NAMES.directories}"`,
    `#define SHIMFS_BY_DESCRIPTOR 0x${BY_DESCRIPTOR.toString(16)}u`,
    `#define SHIMFS_MIRRORS "${OBJECT_NAMES.mirrors}"`,
    `#define SHIMFS_SHARED "${OBJECT_NAMES.shared}"`,
    cDefines('ROLE', Role),
    cDefines('OP', Op),
    cDefines('AGENT_OP', AgentOp),
    cDefines('REPLY_FLAG', ReplyFlag),
    cDefines('HOST', HostState),
    cDefines('SHARED_FLAG', SharedFlag),
    wireDefines(),
    ...structs,
    '',
  ].join('\n');
}
