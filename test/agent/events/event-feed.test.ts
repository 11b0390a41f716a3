import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EventFeed } from '../../../agent/events/event-feed.ts';
import { chunkOf, eventFrame, joined } from './frame-bytes.ts';

const test = suite('event feed');

/** A feed with two listeners and a record of their calls. */
function setup() {
  const feed = new EventFeed();
  const calls: string[] = [];
  for (const name of ['a', 'b'])
    feed.listen({
      event: ({ ino }) => void calls.push(`${name}${ino}`),
      batchEnd: () => void calls.push(`${name}.`),
      feedEnded: () => void calls.push(`${name}!`),
    });
  return { feed, calls: () => calls.splice(0).join(' ') };
}

test('every listener gets each event, then the end of the chunk', () => {
  const { feed, calls } = setup();
  const frames = joined(eventFrame({ kind: 1, ino: 4, seq: 1 }), eventFrame({ kind: 1, ino: 5, seq: 2 }));
  assert.is(feed.push(chunkOf(frames)), undefined);
  assert.is(calls(), 'a4 b4 a5 b5 a. b.');
  assert.is(feed.seq, 2);
});

test('the end is reported once', () => {
  const { feed, calls } = setup();
  feed.end();
  assert.is(calls(), 'a! b! a. b.');
  feed.end();
  assert.is(calls(), 'a. b.');
});

test('an invalid stream ends the feed', () => {
  const { feed, calls } = setup();
  assert.is(feed.push(new ArrayBuffer(8))?.reason, 'short');
  assert.is(calls(), 'a! b! a. b.');
});

test.run();
