/**
 * Dispatch sources of type VNODE and READ on virtual files, through real injection; the same scripts on a real directory
 * with the stand-in's own sources. The language is dispatch_table's (fixtures/programs), as in support.ts.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildFixtures } from '../../fixtures/build.ts';
import { removeTree } from '../support/self.ts';
import {
  freshTree,
  openBridge,
  play,
  type ScriptedProgram,
  startBare,
  startProgram,
  viewOf,
} from './support.ts';

const command = buildFixtures().program('dispatch_table');

/** `m` watches $D/g on the same queue: once its event has arrived, all earlier events have too. */
const MARKER = `
  open g $D/g evtonly
  source m VNODE g ATTRIB q
  activate m
  registered m => registered`;
const SETTLED = `
  host: chmod $D/g 0600
  event m => ATTRIB`;
const source = (mask: string): string => `
  queue q
  open f $D/f evtonly
  source s VNODE f ${mask} q`;
const active = (mask: string): string => `
  ${source(mask)}
  activate s
  registered s => registered
  ${MARKER}`;

const SCRIPTS: Readonly<Record<string, string>> = {
  'the handler gets the bits of the mask and no others': `
    ${active('WRITE')}
    host: append $D/f more
    event s => WRITE
    where s => q
    host: chmod $D/f 0600
    ${SETTLED}
    heard s => 0`,
  'events during a busy queue are merged': `
    ${active('WRITE|ATTRIB|RENAME')}
    hold q
    host: append $D/f more
    host: chmod $D/f 0600
    host: rename $D/f $D/renamed
    free q
    event s WRITE|ATTRIB|RENAME => WRITE|ATTRIB|RENAME`,
  'changes before the activation are not reported': `
    ${source('ALL')}
    host: append $D/f more
    has s registered => no
    activate s
    registered s => registered
    ${MARKER}
    ${SETTLED}
    heard s => 0
    host: append $D/f more
    event s WRITE|EXTEND => WRITE|EXTEND`,
  'resume activates an inactive source': `
    ${source('ATTRIB')}
    resume s
    registered s => registered
    host: chmod $D/f 0600
    event s => ATTRIB`,
  'suspended before it is activated, it begins with the last resume': `
    ${source('ALL')}
    ${MARKER}
    suspend s
    activate s
    host: append $D/f more
    ${SETTLED}
    has s registered => no
    resume s
    registered s => registered
    host: chmod $D/f 0600
    event s => ATTRIB`,
  'events during a suspension are delivered at the resume': `
    ${active('WRITE|ATTRIB')}
    suspend s
    host: append $D/f more
    ${SETTLED}
    heard s => 0
    resume s
    event s => WRITE
    host: chmod $D/f 0600
    event s => ATTRIB`,
  'a cancelled source gets no events, and its cancel handler runs': `
    ${active('ALL')}
    handle s => f
    mask s => DELETE|WRITE|EXTEND|ATTRIB|LINK|RENAME|REVOKE
    testcancel s => 0
    cancel s
    cancelled s => cancelled
    testcancel s => 1
    mask s => 0
    handle s => f
    host: append $D/f more
    ${SETTLED}
    heard s => 0
    release s
    finalized s => finalized`,
  'cancelled before it is activated: only the cancel handler runs': `
    ${source('ALL')}
    ${MARKER}
    cancel s
    activate s
    cancelled s => cancelled
    host: append $D/f more
    ${SETTLED}
    calls s => 0`,
  'no events after the descriptor is closed before the cancellation': `
    ${active('ALL')}
    close f
    host: append $D/f more
    ${SETTLED}
    heard s => 0
    has s cancelled => no
    cancel s
    cancelled s => cancelled
    release s
    finalized s => finalized`,
  'also while a duplicate keeps the file open': `
    ${active('ALL')}
    dup f other
    close f
    host: append $D/f more
    ${SETTLED}
    heard s => 0`,
  'also when another file takes its number': `
    ${active('ALL')}
    open other $D/d/x evtonly
    dup2 other f
    host: append $D/f more
    host: append $D/d/x more
    ${SETTLED}
    heard s => 0`,
  'a source released without a cancellation is finalized': `
    ${active('ALL')}
    retain s
    release s
    host: append $D/f more
    event s WRITE|EXTEND => WRITE|EXTEND
    release s
    finalized s => finalized
    has s cancelled => no
    host: append $D/f more
    ${SETTLED}`,
  'no bits, or bits that there are not: no source': `
    queue q
    open f $D/f evtonly
    source s VNODE f 0 q => ~NULL .*
    source s VNODE f LEASE_DOWNGRADE q => ~NULL .*
    source s VNODE f DELETE|WRITE|EXTEND|ATTRIB|LINK|RENAME|REVOKE|NONE|FUNLOCK q`,
  'two sources on a descriptor, each with its own mask': `
    ${active('WRITE')}
    source t VNODE f ATTRIB q
    activate t
    registered t => registered
    host: append $D/f more
    host: chmod $D/f 0600
    event s => WRITE
    event t => ATTRIB
    cancel s
    cancelled s => cancelled
    host: chmod $D/f 0700
    event t => ATTRIB
    heard s => 0`,
  'on a queue that was chosen later': `
    ${source('ATTRIB')}
    queue other
    target s other
    activate s
    registered s => registered
    host: chmod $D/f 0600
    event s => ATTRIB
    where s => other`,
  'on a global queue': `
    open f $D/f rdonly
    source s VNODE f ATTRIB global
    activate s
    registered s => registered
    host: chmod $D/f 0600
    event s => ATTRIB`,
  'a directory, its entries and its end': `
    queue q
    open d $D/e evtonly
    source s VNODE d ALL q
    activate s
    registered s => registered
    host: create $D/e/a
    event s => WRITE
    host: mkdir $D/e/b
    event s WRITE|LINK => WRITE|LINK
    host: chmod $D/e 0700
    event s => ATTRIB
    host: rename $D/e/a $D/a
    event s => WRITE
    host: rmdir $D/e/b
    event s WRITE|LINK => WRITE|LINK
    host: rename $D/e $D/moved
    event s => RENAME
    host: rmdir $D/moved
    event s DELETE|LINK => DELETE|LINK`,
  'a removed file, and a replaced one': `
    ${active('ALL')}
    host: unlink $D/f
    event s DELETE|LINK => DELETE|LINK
    open x $D/d/x evtonly
    source t VNODE x ALL q
    activate t
    registered t => registered
    host: create $D/y
    host: rename $D/y $D/d/x
    event t => DELETE`,
  'what the program itself changes': `
    ${active('ALL')}
    chmod $D/f 0600
    event s => ATTRIB
    append $D/f more
    event s WRITE|EXTEND => WRITE|EXTEND`,
  'READ on a file, beside VNODE': `
    queue q
    open f $D/f rdonly
    source r READ f 0 q
    activate r
    event r 5 => 5
    source s VNODE f WRITE|EXTEND q
    activate s
    registered s => registered
    host: append $D/f more
    event s WRITE|EXTEND => WRITE|EXTEND
    event r 4 => 4
    cancel r
    cancelled r => cancelled
    handle r => f`,
  'kqueue beside it, on the same descriptor': `
    ${active('ATTRIB')}
    kqueue k
    change k f VNODE ADD|CLEAR ALL
    host: chmod $D/f 0600
    event s => ATTRIB
    wait k 4 -1 => n=1 [f VNODE ADD|CLEAR ATTRIB 0 0]
    cancel s
    cancelled s => cancelled
    host: chmod $D/f 0700
    wait k 4 -1 => n=1 [f VNODE ADD|CLEAR ATTRIB 0 0]`,
};

interface Stage {
  directory(): Promise<string>;
  /** The program that runs the `host:` lines. */
  readonly host: Parameters<typeof play>[1][string];
}

function scripts(name: string, start: () => ScriptedProgram, stage: Stage): void {
  const cases = suite(name);
  let subject = start();
  for (const [title, script] of Object.entries(SCRIPTS))
    cases(title, async () => {
      try {
        await play(script, { subject, host: stage.host }, { D: await stage.directory() });
      } catch (error) {
        // Leftover files would affect the next case.
        subject.child.kill('SIGKILL');
        subject = start();
        throw error;
      }
    });
  cases.after(async () => assert.is(await subject.end(), 0, subject.stderr));
  cases.run();
}

const scratch = mkdtempSync(join(tmpdir(), 'sources-'));
const bare = startBare(command);
let made = 0;
/** As freshTree, by a program on the real file system. */
async function realDirectory(): Promise<string> {
  const directory = join(scratch, `case${++made}`);
  const tree = [
    'mkdir $D',
    'create $D/f',
    'append $D/f hello',
    'create $D/g',
    'mkdir $D/d',
    'create $D/d/x',
    'mkdir $D/e',
  ];
  await play(tree.join('\n'), { bare }, { D: directory });
  return directory;
}

const session = await openBridge();
const other = startProgram(session, { command });
const virtual = { directory: async () => freshTree(session) };

scripts('a real directory, the stand-in’s own sources', () => startBare(command), {
  directory: realDirectory,
  host: bare,
});
scripts('a virtual tree, changed by the core', () => startProgram(session, { command }), {
  ...virtual,
  host: viewOf(session),
});
scripts('a virtual tree, changed by another process', () => startProgram(session, { command }), {
  ...virtual,
  host: other,
});

const ends = suite('ends');
ends('changes of another branch are not reported', async () => {
  session.core.createBranch('aside', { parent: 'main' });
  const subject = startProgram(session, { command });
  const D = freshTree(session);
  await play(
    `${active('ALL')}\naside: append $D/f more\n${SETTLED}\nheard s => 0`,
    {
      subject,
      host: viewOf(session),
      aside: viewOf(session, 'aside'),
    },
    { D },
  );
  assert.is(await subject.end(), 0);
});
ends('two hundred files, each with a source: the last change of each arrives', async () => {
  const subject = startProgram(session, { command });
  const view = viewOf(session);
  const D = freshTree(session);
  const count = 200;
  await play('queue q', { subject });
  for (let i = 0; i < count; i++) {
    view.mknod({ path: `${D}/${i}` }, 0o100644);
    await play(
      `open f${i} $D/${i} evtonly\nsource s${i} VNODE f${i} 0x8 q\nactivate s${i}`,
      { subject },
      { D },
    );
  }
  for (let round = 0; round < 20; round++)
    for (let i = 0; i < count; i++) view.chmod({ path: `${D}/${i}` }, round % 2 ? 0o600 : 0o700);
  for (let i = 0; i < count; i++) assert.is(await subject.send(`event s${i} ATTRIB`), 'ATTRIB');
  assert.is(await subject.end(), 0);
});
ends(
  'the end of the host posts REVOKE to sources that ask for it, and no new source can be created',
  async () => {
    const short = await openBridge();
    const subject = startProgram(short, { command });
    const D = freshTree(short);
    await play(
      `${source('WRITE|REVOKE')}\nactivate s\nregistered s => registered\nopen g $D/g evtonly\nsource t VNODE g WRITE q\nactivate t\nregistered t => registered`,
      { subject },
      { D },
    );
    await short.close();
    assert.is(await subject.send('event s'), 'REVOKE');
    assert.is(await subject.send('heard t'), '0');
    assert.match(await subject.send('source u VNODE g WRITE q'), /^NULL E(IO|NOTSUP)$/);
    assert.is(await subject.send('mask s'), 'WRITE|REVOKE');
    assert.is(await subject.send('cancel s'), 'ok');
    assert.is(await subject.send('cancelled s'), 'cancelled');
    assert.is(await subject.end(), 0);
  },
);
ends('sources of a running program that is attached to', async () => {
  const subject = startBare(command);
  try {
    // The program's own source on a real file continues.
    const real = await realDirectory();
    await play(
      `queue q\nopen r $D/f evtonly\nsource real VNODE r ATTRIB q\nactivate real\nregistered real => registered`,
      { subject },
      { D: real },
    );
    await session.attach(subject.pid);
    const cast = { subject, host: viewOf(session) };
    await play(
      `${active('ATTRIB')}\nhost: chmod $D/f 0600\nevent s => ATTRIB\nhandle s => f\nmask s => ATTRIB`,
      cast,
      { D: freshTree(session) },
    );
    await play(
      'chmod $D/f 0600\nevent real => ATTRIB\nmask real => ATTRIB\ncancel s\ncancelled s => cancelled\nrelease s\nfinalized s => finalized',
      cast,
      { D: real },
    );
    assert.is(await subject.end(), 0, subject.stderr);
  } finally {
    subject.child.kill('SIGKILL');
  }
});
ends.after(async () => {
  await other.end();
  await bare.end();
  await session.close();
  removeTree(scratch);
});
ends.run();
