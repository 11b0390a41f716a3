#!/usr/bin/env node
import { reportFailure } from './failure.ts';
import { endQuietlyWithReader } from './output.ts';
import { createProgram } from './program.ts';

endQuietlyWithReader();
const unexpected = (error: unknown): never => process.exit(reportFailure(error));
process.on('uncaughtException', unexpected);
process.on('unhandledRejection', unexpected);
try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error);
}
