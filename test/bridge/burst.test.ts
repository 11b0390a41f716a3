/** More changes than a program can receive separately: the last change is always delivered, and memory stays bounded. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NOTE_ATTRIB } from '../../agent/kqueue/constants.ts';
import { buildFixtures } from '../../fixtures/build.ts';
import { noteBits, noteNames } from '../fixtures/darwin/kevent-names.ts';
import {
  freshTree,
  hostCommand,
  openBridge,
  play,
  ScriptedProgram,
  startProgram,
  viewOf,
} from './support.ts';

const session = await openBridge();
const host = viewOf(session);
const fixture = (name: string, ...args: string[]): ScriptedProgram => {
  const run = session.start(buildFixtures().program(name), args);
  return new ScriptedProgram(run.child, run.status);
};

const WRITES = 100_000;
const bursts = suite('bursts');
for (const asleep of [false, true])
  bursts(
    `a hundred thousand writes by another process, the reader ${asleep ? 'asleep' : 'awake'}`,
    async () => {
      const D = { D: freshTree(session) };
      const reader = startProgram(session);
      const writer = startProgram(session);
      await play('kqueue k\nopen f $D/f rdonly\nchange k f VNODE ADD|CLEAR ALL', { reader }, D);
      await play('appendfd w $D/f', { writer }, D);
      const write = async (): Promise<void> => {
        // In parts, so that each answer arrives within the limit.
        for (let part = 0; part < 10; part++)
          assert.is(await writer.send(`repeat ${WRITES / 10} write w x`), 'ok');
        hostCommand(host, `chmod ${D.D}/f 0600`);
      };
      let events = 0;
      let bits = 0;
      const take = (answer: string): void => {
        const [, fflags] = /^n=1 \[f VNODE ADD\|CLEAR (\S+) 0 0\]$/.exec(answer) ?? [];
        assert.ok(fflags !== undefined, answer);
        events++;
        bits |= noteBits(fflags!);
      };
      if (asleep) reader.child.kill('SIGSTOP');
      const written = write();
      if (asleep) {
        await written;
        reader.child.kill('SIGCONT');
      }
      // The mode is changed last, so its event follows everything that the host held back.
      while (!(bits & NOTE_ATTRIB)) take(await reader.send('wait k 1 -1'));
      await written;
      await reader.send('chmod /v/barrier 0600');
      for (
        let answer = await reader.send('wait k 1 0');
        answer !== 'n=0';
        answer = await reader.send('wait k 1 0')
      )
        take(answer);
      assert.is(noteNames(bits), 'WRITE|EXTEND|ATTRIB');
      const most = asleep ? WRITES / 20 : WRITES;
      assert.ok(events >= 1 && events <= most, `${events} events`);
      await play(`lseek f ${WRITES}\nread f 100 => read 5`, { reader });
      assert.is(await reader.end(), 0);
      assert.is(await writer.end(), 0);
    },
  );
bursts('a storm on five hundred files: the last change of each is delivered', async () => {
  const D = freshTree(session);
  const files = 500;
  for (let i = 0; i < files; i++) hostCommand(host, `create ${D}/${i}`);
  const reader = fixture('many', '-t', '20000', D, String(files));
  assert.is(await reader.line(), `ready ${files}`);
  for (let round = 0; round < 20; round++)
    for (let i = 0; i < files; i++) hostCommand(host, `append ${D}/${i} x`);
  for (let i = 0; i < files; i++) hostCommand(host, `unlink ${D}/${i}`);
  const bits = new Array<number>(files).fill(0);
  let ended = 0;
  let events = 0;
  while (ended < files) {
    const [, index, fflags] = /^event (\d+) fflags=0x(\w+)$/.exec(await reader.line()) ?? [];
    assert.ok(index !== undefined, 'it stopped too early');
    const now = Number.parseInt(fflags!, 16);
    assert.is(bits[Number(index)]! & 1, 0, 'an event after the last');
    bits[Number(index)]! |= now;
    ended += now & 1;
    events++;
  }
  assert.equal([...new Set(bits)], [0x17]);
  assert.ok(events <= files * 21, `${events} events`);
  reader.child.kill('SIGKILL');
  await reader.status;
});
bursts.after(() => session.close());
bursts.run();
