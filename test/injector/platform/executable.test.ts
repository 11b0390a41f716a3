import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  coverage,
  type FileProbe,
  type RefusalCode,
  resolveCommand,
  shebang,
  systemProbe,
} from '../../../injector/platform/executable.ts';
import { elfBytes } from './elf-bytes.ts';
import { scratch } from './scratch.ts';

const test = suite('coverage');

interface FakeFile {
  bytes?: Uint8Array | string;
  mode?: number;
  uid?: number;
  gid?: number;
  capabilities?: boolean;
  unreadable?: boolean;
}

const GLIBC = '/lib64/ld-linux-x86-64.so.2';
const dynamic = elfBytes({ interpreter: GLIBC, sections: ['.text'] });
const REGULAR = 0o100000;
const DIRECTORY = 0o040000;

function fakeProbe(files: Record<string, FakeFile>, over: Partial<FileProbe> = {}): FileProbe {
  const mode = (file: FakeFile) => file.mode ?? REGULAR | 0o755;
  return {
    platform: 'linux',
    machine: 'x64',
    libc: 'glibc',
    uid: 1000,
    gid: 1000,
    stat: (path) => {
      const file = files[path];
      return file && { mode: mode(file), uid: file.uid ?? 0, gid: file.gid ?? 0 };
    },
    executable: (path) => (mode(files[path]) & 0o111) !== 0,
    hasCapabilities: (path) => files[path].capabilities ?? false,
    open: (path, use) => {
      const { bytes = dynamic, unreadable } = files[path];
      if (unreadable) return undefined;
      const all = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
      return use((offset, length) => all.subarray(offset, offset + length));
    },
    ...over,
  };
}

const refusals: [string, FakeFile | undefined, RefusalCode, RegExp, Partial<FileProbe>?][] = [
  ['missing', undefined, 'missing', /does not exist/],
  ['a directory', { mode: DIRECTORY | 0o755 }, 'directory', /is a directory/],
  ['a fifo', { mode: 0o010755 }, 'not-executable', /no regular file/],
  ['without x', { mode: REGULAR | 0o644 }, 'not-executable', /not executable/],
  ['unreadable', { mode: REGULAR | 0o711, unreadable: true }, 'not-executable', /may not be read/],
  ['static', { bytes: elfBytes() }, 'static', /statically linked/],
  ['Go', { bytes: elfBytes({ sections: ['.go.buildinfo'] }) }, 'go', /Go program/],
  [
    'Go with cgo',
    { bytes: elfBytes({ interpreter: GLIBC, sections: ['.go.buildinfo'] }) },
    'go',
    /Go program/,
  ],
  ['32-bit', { bytes: elfBytes({ elfClass: 1, machine: 3 }) }, 'architecture', /32-bit/],
  [
    'arm64 here',
    { bytes: elfBytes({ machine: 183, interpreter: GLIBC }) },
    'architecture',
    /another kind of machine than this x64/,
  ],
  ['musl here', { bytes: elfBytes({ interpreter: '/lib/ld-musl-x86_64.so.1' }) }, 'libc', /runs on musl/],
  ['glibc on musl', {}, 'libc', /runs on glibc.*built for musl/, { libc: 'musl' }],
  ['an odd loader', { bytes: elfBytes({ interpreter: '/opt/ld' }) }, 'libc', /unknown loader \(\/opt\/ld\)/],
  ['setuid root', { mode: REGULAR | 0o4755 }, 'setuid', /setuid to user 0/],
  ['setgid', { mode: REGULAR | 0o2755, gid: 42 }, 'setuid', /setgid to group 42/],
  ['file capabilities', { capabilities: true }, 'setuid', /capabilities/],
  ['damaged', { bytes: dynamic.subarray(0, 40) }, 'format', /damaged/],
  ['other bytes', { bytes: 'MZ\0\0' }, 'format', /neither a program/],
];
for (const [what, file, code, reason, over] of refusals) {
  test(`refused: ${what}`, () => {
    const told = coverage('/p', fakeProbe(file ? { '/p': file } : {}, over));
    assert.is(told.ok, false);
    if (told.ok) return;
    assert.is(told.code, code);
    assert.match(told.reason, reason);
    assert.ok(told.remedy.length > 0);
    assert.is(told.exitStatus, code === 'missing' ? 127 : 126);
  });
}

const covered: [string, Record<string, FakeFile>, string[], Partial<FileProbe>?][] = [
  ['a dynamic program', { '/p': {} }, ['/p']],
  ['setuid to ourselves', { '/p': { mode: REGULAR | 0o4755, uid: 1000 } }, ['/p']],
  ['capabilities, for root', { '/p': { capabilities: true } }, ['/p'], { uid: 0 }],
  ['setgid without x for the group', { '/p': { mode: REGULAR | 0o2745, gid: 42 } }, ['/p']],
  ['a script', { '/p': { bytes: '#! /i -x\n' }, '/i': {} }, ['/p', '/i']],
  ['a text without #!', { '/p': { bytes: 'echo hi\n' }, '/bin/sh': {} }, ['/p', '/bin/sh']],
  [
    'a script of a script',
    { '/p': { bytes: '#!/a\n' }, '/a': { bytes: '#!/b\n' }, '/b': {} },
    ['/p', '/a', '/b'],
  ],
  ['anything on another system', { '/p': { bytes: 'MZ\0' } }, ['/p'], { platform: 'freebsd' }],
];
for (const [what, files, chain, over] of covered) {
  test(`covered: ${what}`, () => {
    const told = coverage('/p', fakeProbe(files, over));
    assert.is(told.ok, true, told.ok ? '' : told.reason);
    assert.equal(told.ok && told.chain, chain);
  });
}

test('a script is judged by its interpreter, which the error names', () => {
  const missing = coverage('/p', fakeProbe({ '/p': { bytes: '#!/nowhere\n' } }));
  assert.match(missing.ok ? '' : missing.reason, '/nowhere, which /p names in its #! line, does not exist');
  const still = coverage('/p', fakeProbe({ '/p': { bytes: '#!/s\n' }, '/s': { bytes: elfBytes() } }));
  assert.is(!still.ok && still.code, 'static');
});

test('scripts that lead to themselves end', () => {
  const told = coverage('/p', fakeProbe({ '/p': { bytes: '#!/p\n' } }));
  assert.is(!told.ok && told.code, 'script-depth');
});

test('#! lines', () => {
  const read = (text: string) => shebang(new TextEncoder().encode(text));
  assert.is(read('#!/usr/bin/env node\n'), '/usr/bin/env');
  assert.is(read('#!\t /bin/sh'), '/bin/sh');
  assert.is(read('#!\n/bin/sh'), undefined);
  assert.is(read('# /bin/sh'), undefined);
});

test('commands are found as execvp finds them', () => {
  const files: Record<string, FakeFile> = {
    '/a/tool': { mode: REGULAR | 0o644 },
    '/b/tool': {},
    '/b/only': { mode: REGULAR | 0o644 },
    '/a/dir': { mode: DIRECTORY | 0o755 },
    '/here/tool': {},
  };
  const find = (name: string, path = '/a:/b') => resolveCommand(name, path, '/here', fakeProbe(files));
  assert.is(find('tool'), '/b/tool');
  assert.is(find('tool', ':/b'), '/here/tool');
  assert.is(find('only'), '/b/only', 'a file that may not run explains more than none');
  assert.is(find('dir'), undefined);
  assert.is(find('absent'), undefined);
  assert.is(find(''), undefined);
  assert.is(find('./x'), '/here/x');
  assert.is(find('/x/y'), '/x/y');
});

if (process.platform === 'linux') {
  const directory = scratch();
  const told = (path: string) => coverage(path);

  test('programs of this machine', () => {
    assert.ok(told(process.execPath).ok);
    const shell = told('/bin/sh');
    assert.ok(shell.ok, shell.ok ? '' : shell.reason);
    const script = join(directory, 'script');
    writeFileSync(script, '#!/bin/sh\n', { mode: 0o755 });
    const followed = told(script);
    assert.equal(followed.ok && followed.chain, [script, '/bin/sh']);
  });

  test('a link is followed; a missing file and a directory are reported', () => {
    const link = join(directory, 'link');
    symlinkSync(process.execPath, link);
    assert.ok(told(link).ok);
    assert.is((told(join(directory, 'absent')) as { code: string }).code, 'missing');
    assert.is((told(join(directory, 'script', 'x')) as { code: string }).code, 'missing');
    mkdirSync(join(directory, 'folder'));
    assert.is((told(join(directory, 'folder')) as { code: string }).code, 'directory');
  });

  test('file capabilities are seen', () => {
    const file = join(directory, 'capable');
    writeFileSync(file, dynamic, { mode: 0o755 });
    assert.is(systemProbe().hasCapabilities(file), false);
    chmodSync(file, 0o755);
    if (spawnSync('setcap', ['cap_net_raw+ep', file]).status !== 0) {
      console.log('  (setcap cannot be used here: only the absence of capabilities was tried)');
      return;
    }
    assert.is(systemProbe().hasCapabilities(file), true);
  });

  test('a static C program', () => {
    const file = join(directory, 'static');
    const built = spawnSync('cc', ['-static', '-x', 'c', '-o', file, '-'], {
      input: 'int main(void) { return 0; }',
    });
    if (built.status !== 0) {
      console.log('  (no static C library here: only the hand-made static program was tried)');
      return;
    }
    assert.is((told(file) as { code: string }).code, 'static');
  });

  test('a Go program', () => {
    const go = [resolveCommand('go'), '/usr/local/go/bin/go'].find((path) => path && existsSync(path));
    if (!go) {
      console.log('  (no Go here: only the hand-made Go program was tried)');
      return;
    }
    assert.is((told(go) as { code: string }).code, 'go');
  });
}

test.run();
