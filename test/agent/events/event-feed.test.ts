import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EventFeed } from '../../../agent/events/event-feed.ts';
import { chunkOf, eventFrame, joined } from './frame-bytes.ts';

const test = suite('event feed');

/** What two listeners are told, in order. */
function setup() {
  const feed = new EventFeed();
  const told: string[] = [];
  for (const name of ['a', 'b'])
    feed.listen({
      event: ({ ino }) => void told.push(`${name}${ino}`),
      batchEnd: () => void told.push(`${name}.`),
      feedEnded: () => void told.push(`${name}!`),
    });
  return { feed, told: () => told.splice(0).join(' ') };
}

test('every listener hears each event, then that the chunk is over', () => {
  const { feed, told } = setup();
  const frames = joined(eventFrame({ kind: 1, ino: 4, seq: 1 }), eventFrame({ kind: 1, ino: 5, seq: 2 }));
  assert.is(feed.push(chunkOf(frames)), undefined);
  assert.is(told(), 'a4 b4 a5 b5 a. b.');
  assert.is(feed.seq, 2);
});

test('the end is told once', () => {
  const { feed, told } = setup();
  feed.end();
  assert.is(told(), 'a! b! a. b.');
  feed.end();
  assert.is(told(), 'a. b.');
});

test('a stream that is no good is its end', () => {
  const { feed, told } = setup();
  assert.is(feed.push(new ArrayBuffer(8))?.reason, 'short');
  assert.is(told(), 'a! b! a. b.');
});

test.run();
