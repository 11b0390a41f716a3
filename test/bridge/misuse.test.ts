/**
 * FSEvents and Dispatch of virtual paths, used in ways that their headers forbid: a message, without a crash of the agent or
 * gate and without a hang.
 */
import { text } from 'node:stream/consumers';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { freshTree, openBridge, program } from './support.ts';

interface Row {
  readonly says: string;
  /** Lines expected on standard error. */
  readonly complains?: readonly string[];
  /** The library ends the program by a trap, as Darwin's does. */
  readonly trapped?: boolean;
}

const STARTED = 'create ok; start 1';
const ROWS: Readonly<Record<string, Row>> = {
  'no-paths': { says: 'create NULL; NULL; end', complains: ['no paths'] },
  'no-callback': { says: 'create NULL; end', complains: ['FSEventStreamCreate: there is no callback'] },
  'relative-path': { says: `${STARTED}; 10100 /n; end` },
  'missing-root': { says: `${STARTED}; 20100 /no/such; 10100 /no/such/n; end` },
  'many-paths': {
    says: `create ok; start 0; ${STARTED}; 10100 /d4095; end`,
    complains: ['FSEventStreamStart: the stream has more than 4096 paths and cannot be started'],
  },
  'negative-latency': { says: `${STARTED}; 10100 /n; end` },
  'no-number': { says: `${STARTED}; 10100 /n; end` },
  ended: {
    says: `${STARTED}; start 0; end`,
    complains: [
      'the stream has been invalidated and cannot be scheduled',
      'the stream has been invalidated and cannot be started',
    ],
  },
  unscheduled: {
    says: 'create ok; start 0; end',
    complains: ['FSEventStreamStart: the stream is not scheduled'],
  },
  'early-flush': {
    says: 'create ok; flush 0; start 1; 10100 /n; end',
    complains: ['FSEventStreamFlush: the stream is not running'],
  },
  released: {
    says: 'create ok; latest 0; start 0; end',
    complains: [
      'FSEventStreamGetLatestEventId: the stream has been released',
      'FSEventStreamStart: the stream has been released',
      'FSEventStreamRelease: the stream has been released',
    ],
  },
  'two-of-a-device': { says: 'NULL; NULL; end', complains: ['one path for a device'] },
  'over-resume': { says: 'source ok', complains: ['over-resume of a source'], trapped: true },
  'suspended-release': { says: 'source ok', complains: ['release of a suspended source'], trapped: true },
  'bad-masks': { says: 'source NULL; source NULL; end' },
};

const session = await openBridge();
for (const [name, { says, complains = [], trapped = false }] of Object.entries(ROWS))
  test(name, async () => {
    const { child, status: ended } = session.start(program('misuse'), [name, freshTree(session)]);
    const [out, err] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
    assert.is(out.trimEnd().replaceAll('\n', '; '), says, err);
    for (const line of complains) assert.ok(err.includes(line), `'${line}' is not in: ${err}`);
    const status = await ended;
    assert.ok(trapped ? status > 128 : status === 0, `status ${status}`);
  });
test.after(() => session.close());
test.run();
