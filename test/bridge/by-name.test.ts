/** kqueue and Dispatch in a program that links neither: it loads a library and looks up each function by name. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildFixtures, includeDirectory } from '../../fixtures/build.ts';
import { compiled } from '../support/session.ts';
import { freshTree, openBridge } from './support.ts';

const session = await openBridge();
const command = compiled(fileURLToPath(new URL('programs/by_name.c', import.meta.url)), [
  `-I${includeDirectory}`,
]);
const { library } = buildFixtures();
const HEARD = 'kqueue 1 2 dispatch 2\n';

test('a real directory, the library’s own functions', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'by-name-'));
  const child = spawn(command, [library, directory], { stdio: 'pipe' });
  assert.is(await text(child.stdout), HEARD);
  rmSync(directory, { recursive: true });
});

test('a virtual directory', async () => {
  const { child, status } = session.start(command, [library, freshTree(session)]);
  const [out, err] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
  assert.is(out, HEARD, err);
  assert.is(await status, 0);
});

test('a real directory, in a program of the session', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'by-name-'));
  const { child, status } = session.start(command, [library, directory]);
  const [out, err] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
  assert.is(out, HEARD, err);
  assert.is(await status, 0);
  rmSync(directory, { recursive: true });
});

test.after(() => session.close());
test.run();
