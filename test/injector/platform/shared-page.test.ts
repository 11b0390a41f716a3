import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  DIRTY_SLOTS,
  HostState,
  MAGIC,
  MOUNTS_BYTES,
  SHARED,
  SHARED_AREAS,
  SharedFlag,
  TOKEN_BYTES,
  WATCHED_SLOTS,
} from '../../../core/protocol.ts';
import { SharedPage } from '../../../injector/platform/shared-page.ts';
import { within } from '../engine/target.ts';
import { scratch } from './scratch.ts';

const test = suite('shared page');
const directory = scratch();
let made = 0;

const token = Uint8Array.from({ length: TOKEN_BYTES }, (_, n) => n + 1);
const content = {
  mounts: ['/v', '/a/long mount/é'],
  device: 0x1234_5678_9abcn,
  flags: SharedFlag.AllowUncovered,
  socketPath: '/run/s.sock',
  token,
};
const create = (over: Partial<typeof content> = {}) =>
  SharedPage.create(join(directory, `shared-${made++}`), { ...content, ...over });

/** The page as another process sees it. */
const fileView = (page: SharedPage) => {
  const bytes = readFileSync(page.path);
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
};

test('every page of it is there: a store never meets a full filesystem', () => {
  const page = create();
  const { blocks, size } = statSync(page.path);
  assert.ok(blocks * 512 >= size, `${blocks * 512} of ${size} bytes`);
  page.close();
});

test('the file contains the fields that a gate reads', () => {
  const page = create();
  const { bytes, view } = fileView(page);
  const u32 = (field: keyof typeof SHARED.at) => view.getUint32(SHARED.at[field], true);
  const text = (at: number) => bytes.toString('utf8', at, bytes.indexOf(0, at));
  assert.is(bytes.length, SHARED_AREAS.total);
  assert.is(u32('magic'), MAGIC);
  assert.is(u32('host_state'), HostState.Starting);
  assert.is(u32('host_pid'), process.pid);
  assert.is(view.getBigUint64(SHARED.at.device, true), content.device);
  assert.is(u32('session_flags'), SharedFlag.AllowUncovered);
  assert.is(u32('mount_count'), 2);
  const first = u32('mounts_offset');
  assert.is(text(first), '/v');
  assert.is(text(first + '/v'.length + 1), '/a/long mount/é');
  assert.is(text(u32('socket_offset')), '/run/s.sock');
  assert.equal([...bytes.subarray(u32('token_offset'), u32('token_offset') + TOKEN_BYTES)], [...token]);
  page.close();
});

test('state, watches and marks are stores in the file', () => {
  const page = create();
  page.setHostState(HostState.Alive);
  const last = WATCHED_SLOTS - 1;
  page.watch(last, 1);
  page.watch(BigInt(last) + BigInt(WATCHED_SLOTS), 1);
  const watched = () => fileView(page).bytes[SHARED_AREAS.watched + last];
  assert.is(fileView(page).view.getUint32(SHARED.at.host_state, true), HostState.Alive);
  assert.is(watched(), 2, 'inodes that share a slot add up');
  page.watch(last, 300);
  assert.is(watched(), 255);
  page.watch(last, -301);
  assert.is(watched(), 1, 'a saturated count comes down to the truth');
  page.watch(last, -1);
  assert.is(watched(), 0);
  assert.throws(() => page.watch(last, -1), /no watch/);
  assert.is(fileView(page).bytes[SHARED_AREAS.watched + last - 1], 0);
  page.close();
});

test('a mark set by another process is taken once', () => {
  const page = create();
  const slot = DIRTY_SLOTS - 1;
  const mark = Buffer.alloc(4);
  mark.writeUInt32LE(4242);
  const at = SHARED_AREAS.dirty + slot * 4;
  const program = `import os,sys; f=os.open(sys.argv[1],os.O_RDWR); os.pwrite(f,bytes.fromhex('${mark.toString('hex')}'),${at})`;
  assert.is(spawnSync('python3', ['-c', program, page.path]).status, 0);
  assert.is(page.takeDirty(slot), 4242);
  assert.is(page.takeDirty(slot), 0);
  page.close();
});

test('no count is lost between a C program and takeDirty', async () => {
  const page = create();
  const program = join(directory, 'adder');
  const rounds = 2_000_000;
  const source = `
    #include <fcntl.h>
    #include <stdatomic.h>
    #include <stdlib.h>
    #include <sys/mman.h>
    #include <unistd.h>
    int main(int argc, char **argv) {
      int fd = open(argv[1], O_RDWR);
      char *map = mmap(0, ${SHARED_AREAS.total}, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      if (argc < 2 || map == MAP_FAILED) return 1;
      _Atomic unsigned *slot = (_Atomic unsigned *)(map + ${SHARED_AREAS.dirty});
      if (write(1, "r", 1) != 1) return 1;
      for (int i = 0; i < ${rounds}; i++) {
        atomic_fetch_add(slot, 1);
        /* Half-way it waits until something has been taken, so that the two run side by side on any machine. */
        char c;
        if (i == ${rounds} / 2 && read(0, &c, 1) != 1) return 1;
      }
      return 0;
    }`;
  writeFileSync(`${program}.c`, source);
  const built = spawnSync('cc', ['-O1', '-o', program, `${program}.c`], { encoding: 'utf8' });
  assert.is(built.status, 0, built.stderr);
  const adder = spawn(program, [page.path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = once(adder, 'exit');
  await within(once(adder.stdout, 'data'), 'the adder to start');
  let sum = 0;
  let takes = 0;
  // Take in bursts while it runs; between them the loop must learn of its end.
  const run = { over: false };
  void exit.then(() => {
    run.over = true;
  });
  while (!run.over) {
    for (let n = 0; n < 10_000; n++) {
      const taken = page.takeDirty(0);
      sum += taken;
      if (taken > 0 && takes++ === 0) adder.stdin.write('t');
    }
    await new Promise(setImmediate);
  }
  assert.equal(await exit, [0, null]);
  sum += page.takeDirty(0);
  assert.is(sum, rounds);
  assert.ok(takes > 0, 'the two ran side by side');
  page.close();
});

test('values that do not fit are refused', () => {
  const long = '/m'.repeat(MOUNTS_BYTES / 4);
  assert.throws(() => create({ mounts: [long, long] }), /there is room for/);
  assert.throws(() => create({ token: new Uint8Array(3) }), /32 bytes/);
});

test('an existing file is not taken', () => {
  const page = create();
  assert.throws(() => SharedPage.create(page.path, content), /EEXIST/);
  page.close();
});

test('a closed page is an error to use, not a fault', () => {
  const page = create();
  page.close();
  page.close();
  assert.throws(() => page.takeDirty(0), RangeError);
  assert.throws(() => page.setHostState(HostState.Dead), RangeError);
});

test.run();
