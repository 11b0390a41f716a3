/** Native writes bypass the host, which still reports every written file, by any kind of write, in order. */
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Detail, EventKind, type FsEvent, kindName } from '../../core/events/fs-event.ts';
import { bare, compiled, TestSession } from '../support/session.ts';

const ops = compiled(fileURLToPath(new URL('programs/ops.c', import.meta.url)));
const session = await TestSession.open();

const writes = suite('writes');
writes.after(() => session.close());

const said = ({ kind, path, from, detail }: FsEvent): string =>
  [
    kindName(kind),
    ...(from ? [from, '→'] : []),
    path,
    ...(kind === EventKind.Modified && detail & Detail.Extended ? ['extended'] : []),
    ...(kind === EventKind.Modified && detail & Detail.Truncated ? ['truncated'] : []),
  ].join(' ');

async function shell(line: string): Promise<string[]> {
  return (
    await session.events(async () => {
      const ran = await session.sh(line);
      assert.is(ran.stderr, '');
    })
  ).map(said);
}

async function script(lines: string): Promise<string[]> {
  const events = await session.events(async () => {
    const ran = await session.run(ops, ['/v'], { input: lines });
    assert.is(ran.status, 0, ran.stdout);
    assert.not.match(ran.stdout, '-> -1', ran.stdout);
  });
  return events.map(said);
}

const lines: [name: string, line: string, events: string[]][] = [
  ['a new file', 'echo one > /v/f', ['Created /v/f', 'Modified /v/f extended']],
  ['replaced', 'echo two > /v/f', ['Modified /v/f truncated', 'Modified /v/f extended']],
  ['appended', 'echo three >> /v/f', ['Modified /v/f extended']],
  ['nothing appended', ': >> /v/f', []],
  ['read', 'cat /v/f', []],
  ['copied', 'cp /v/f /v/g', ['Created /v/g', 'Modified /v/g extended']],
  [
    'moved after the write',
    'echo x >> /v/g; mv /v/g /v/h',
    ['Modified /v/g extended', 'Renamed /v/g → /v/h'],
  ],
  ['removed after the write', 'echo x >> /v/h; rm /v/h', ['Modified /v/h extended', 'Removed /v/h']],
  [
    'killed in the midst',
    "{ bash -c 'exec 3>>/v/f; echo y >&3; kill -9 $$'; } 2>/dev/null || true",
    ['Modified /v/f extended'],
  ],
  [
    'by a descriptor that a child inherited',
    'bash -c \'exec 3>>/v/f; sh -c "echo z >&3"\'',
    ['Modified /v/f extended'],
  ],
];
for (const [name, line, wanted] of lines)
  writes(name, async () => {
    const events = await shell(line);
    assert.equal(events, wanted);
  });

const scripts: [name: string, lines: string][] = [
  ['write', 'write %0 abc'],
  ['pwrite', 'pwrite %0 abc 3'],
  ['writev', 'writev %0 abc def'],
  ['pwritev', 'pwritev %0 abc 3'],
  ['sendfile', 'open %1 /etc/passwd O_RDONLY\nsendfile %0 %1 10'],
  ['copy_file_range', 'open %1 /v/f O_RDONLY\ncopy_file_range %1 %0 3'],
  ['splice', 'pipe %1 %2\nwrite %2 abc\nsplice %1 %0 3'],
  ['ftruncate', 'ftruncate %0 1000'],
  ['truncate', 'truncate /v/s 2000'],
  ['fallocate', 'fallocate %0 0 0 5000'],
  ['a shared map, synced', 'map %0 through-the-map'],
];
for (const [name, text] of scripts)
  writes(name, async () => {
    session.core.fs.writeFileSync('/v/s', 'some bytes');
    const events = await script(`open %0 /v/s O_RDWR\n${text}\nclose %0`);
    const about = events.filter((event) => event.startsWith('Modified /v/s'));
    assert.ok(about.length >= 1 && about.length <= 2, events.join(', '));
    assert.is(about.length, events.length);
  });

writes('not for a write that failed', async () => {
  const events = await session.events(async () => {
    await session.run(ops, ['/v'], {
      input: 'open %0 /v/s O_RDONLY\nwrite %0 abc\nopen %1 /v/s O_RDWR\npwrite %1 abc -5\nwrite %1\nclose %1',
    });
  });
  assert.equal(events.map(said), []);
});

writes('many writes: few events, and the last state', async () => {
  const sizes: number[] = [];
  const events = await session.events(async () => {
    const unsubscribe = session.core.subscribe((event) => {
      if (event.kind === EventKind.Modified) sizes.push(session.core.fs.statSync('/v/many').size);
    });
    const ran = await session.sh('for i in {1..5000}; do echo $i; done > /v/many');
    assert.is(ran.stderr, '');
    unsubscribe();
  });
  const modified = events.filter((event) => event.kind === EventKind.Modified);
  assert.ok(modified.length < 2500, `${modified.length} events`);
  assert.is(sizes.at(-1), session.core.fs.statSync('/v/many').size);
  assert.is(session.core.fs.readFileSync('/v/many', 'utf8').split('\n').at(-2), '5000');
});

writes('who wrote', async () => {
  const events = await session.events(async () => {
    const ran = await session.sh('echo $$ > /v/who');
    assert.is(ran.status, 0);
  });
  const pid = Number(session.core.fs.readFileSync('/v/who', 'utf8'));
  assert.equal([...new Set(events.map((event) => event.pid))], [pid]);
});

writes('what the host reads is what was written', async () => {
  await session.sh('head -c 300000 /dev/urandom > /v/random; sha256sum < /v/random > /v/sum');
  const { createHash } = await import('node:crypto');
  const sum = createHash('sha256').update(session.core.fs.readFileSync('/v/random')).digest('hex');
  assert.is(session.core.fs.readFileSync('/v/sum', 'utf8').split(' ')[0], sum);
});

writes('times and size, as stat sees them, follow native writes', async () => {
  const ran = await session.sh(
    'echo a > /v/t; touch -d @1000 /v/t; stat -c "%s %Y" /v/t; echo b >> /v/t; [ $(stat -c %Y /v/t) -gt 1000 ] && stat -c %s /v/t',
  );
  assert.is(ran.stdout, '2 1000\n4\n', ran.stderr);
});

writes('each append to a watched file is one event', async () => {
  await session.sh('echo x > /v/watched');
  const { ino } = session.core.fs.statSync('/v/watched');
  session.host.session.page.watch(ino, 1);
  try {
    // The shell moves its descriptor with dup2, so a close is under way when the write is reported.
    const events = await session.events(() =>
      session.sh('for i in {1..200}; do sh -c "echo y >> /v/watched"; done'),
    );
    assert.is(events.length, 200);
    assert.equal([...new Set(events.map(said))], ['Modified /v/watched extended']);
  } finally {
    session.host.session.page.watch(ino, -1);
  }
});

writes('a write that a signal handler leaves is reported when the file is closed', async () => {
  const leaving = compiled(fileURLToPath(new URL('programs/leaving.c', import.meta.url)), [
    '-Wno-unused-result',
  ]);
  await session.sh('mkdir /v/left');
  const COUNT = 3000;
  const events = await session.events(async () => {
    const ran = await session.run(leaving, ['/v/left', String(COUNT)]);
    assert.is(ran.status, 0, ran.stderr);
    assert.ok(Number(ran.stdout) > 50, `${ran.stdout.trim()} writes were left`);
  });
  const modified = events.filter((event) => event.kind === EventKind.Modified).map((event) => event.path);
  const written = session.core.fs
    .readdirSync('/v/left')
    .map((name) => `/v/left/${name}`)
    .filter((path) => session.core.fs.statSync(path).size > 0);
  assert.equal([...new Set(modified)].sort(), written.sort(), 'each file with bytes is reported');
  assert.is(modified.length, written.length, 'and once');
});

writes('nothing of it without the gate', async () => {
  const events = await session.events(() => bare('bash', ['-c', 'echo x > /v/f']));
  assert.equal(events, []);
});

writes.run();
