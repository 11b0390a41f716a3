/** The C header made from core/protocol.ts: every compiler lays its structures out alike, and the numbers are those meant. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ERRNO } from '../../../core/errors.ts';
import { DIRENT, REPLY } from '../../../core/protocol.ts';
import { cHeader } from '../../../core/wire-header.ts';
import { GATE_TARGETS } from '../../../injector/run/gate-cross.ts';
import { findZig } from '../../support/zig.ts';

const out = mkdtempSync(join(tmpdir(), 'wire-'));
test.after(() => rmSync(out, { recursive: true, force: true }));
const program = (name: string, text: string): string => {
  const file = join(out, name);
  writeFileSync(file, text);
  return file;
};
writeFileSync(join(out, 'wire.h'), cHeader());

const everywhere = program(
  'everywhere.c',
  `#include "wire.h"
#include <errno.h>
_Static_assert(sizeof(struct shimfs_reply) == ${REPLY.size} && offsetof(struct shimfs_dirent, next) == ${DIRENT.at.next}, "");
#define NAMED(name, number) + (name > 0)
_Static_assert(0 SHIMFS_ERRNO_LIST(NAMED) == ${Object.keys(ERRNO).length}, "each has a name here");
`,
);
/** On Linux the wire's numbers are the kernel's, and the O_ flags that a machine moves are the four we know of. */
const onLinux = program(
  'linux.c',
  `#define _GNU_SOURCE
#include "wire.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#define SAME(name, number) _Static_assert(name == number, #name);
#define ROW(name, number) SAME(name, number)
SHIMFS_ERRNO_LIST(ROW)
#define FLAG(name) SAME(name, WIRE_##name)
FLAG(O_ACCMODE) FLAG(O_WRONLY) FLAG(O_RDWR) FLAG(O_CREAT) FLAG(O_EXCL) FLAG(O_NOCTTY) FLAG(O_TRUNC) FLAG(O_APPEND)
FLAG(O_NONBLOCK) FLAG(O_DSYNC) FLAG(O_CLOEXEC) FLAG(O_SYNC) FLAG(AT_SYMLINK_NOFOLLOW) FLAG(AT_REMOVEDIR)
FLAG(AT_SYMLINK_FOLLOW) FLAG(AT_EMPTY_PATH) FLAG(AT_EACCESS) FLAG(RENAME_NOREPLACE) FLAG(RENAME_EXCHANGE)
FLAG(XATTR_CREATE) FLAG(XATTR_REPLACE) FLAG(UTIME_NOW) FLAG(UTIME_OMIT)
#if !defined(__aarch64__)
FLAG(O_DIRECTORY) FLAG(O_NOFOLLOW) FLAG(O_DIRECT)
#else
_Static_assert(O_DIRECTORY == WIRE_O_DIRECT && O_NOFOLLOW == 0100000 && O_DIRECT == WIRE_O_DIRECTORY, "as linux/os.h has it");
#endif
`,
);

const flags = ['-std=gnu11', '-Wall', '-Wextra', '-Werror', `-I${out}`, '-c', '-o', join(out, 'out.o')];

test('this machine', () => {
  for (const file of process.platform === 'linux' ? [everywhere, onLinux] : [everywhere]) {
    const run = spawnSync(process.env.CC || 'cc', [...flags, file], { encoding: 'utf8' });
    assert.is(run.stderr, '');
    assert.is(run.status, 0);
  }
});

test('a wrong size is refused', () => {
  const wrong = program(
    'wrong.c',
    `#include "wire.h"\n_Static_assert(sizeof(struct shimfs_reply) == ${REPLY.size + 8}, "");\n`,
  );
  assert.is.not(spawnSync(process.env.CC || 'cc', [...flags, wrong]).status, 0);
});

const zig = await findZig();
if (typeof zig === 'string') {
  console.log(`skipped: other machines cannot be asked, ${zig}`);
} else {
  for (const { triple, platform } of GATE_TARGETS)
    test(triple, () => {
      assert.is(zig.compile(triple, [...flags, everywhere]), '');
      if (platform === 'linux') assert.is(zig.compile(triple, [...flags, onLinux]), '');
    });
}
test.run();
