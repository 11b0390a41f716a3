/** The C headers that the gate is compiled with, made from the modules that the host and the agent use. */
import { cHeader } from '../wire-header.ts';
import { agentAbiHeader } from './agent-abi.ts';
import { callsHeader } from './system-calls.ts';
import { functionsHeader } from './system-functions.ts';

/** @returns contents by file name; the order is that of a build */
export const gateHeaders = (): Readonly<Record<string, string>> => ({
  'wire.h': cHeader(),
  'functions.h': functionsHeader(),
  'call_table.h': callsHeader(),
  'agent_abi.h': agentAbiHeader(),
});
