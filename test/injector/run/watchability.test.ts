/** The message of `run` at its start on a machine without any engine. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findNpmBinding } from '../../../injector/engine/npm-binding.ts';
import { watchingImpossible } from '../../../injector/run/watchability.ts';
import { Command } from '../cli/command.ts';

const test = suite('watchability');
const command = await Command.prepare();
const was = { PATH: process.env.PATH, XDG_CACHE_HOME: process.env.XDG_CACHE_HOME };
test.before(() => {
  process.env.XDG_CACHE_HOME = join(command.scratch, 'empty-cache');
});
test.after(() => void Object.assign(process.env, was));

test('neither Python nor npm’s frida: a message with the remedy', () => {
  process.env.PATH = join(command.scratch, 'nothing');
  if (findNpmBinding()) return console.log("SKIP no engine: npm's frida is installed");
  assert.match(watchingImpossible() ?? '', /cannot be watched here.*install python3/);
});

test('Python is installed: no message, and no program is started', () => {
  const bin = join(command.scratch, 'bin');
  mkdirSync(bin);
  const ran = join(command.scratch, 'ran');
  writeFileSync(join(bin, 'python3'), `#!/bin/sh\n: > ${ran}\n`, { mode: 0o755 });
  process.env.PATH = bin;
  assert.is(watchingImpossible(), undefined);
  assert.throws(() => writeFileSync(ran, '', { flag: 'r+' }), /ENOENT/);
});

test.run();
