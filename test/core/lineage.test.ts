/** A branch's history from before its creation. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type FsCore, FsError } from '../../core/index.ts';
import { line, put, ROOT, setup } from './fixture.ts';

/** Created paths with ids above `since`, in the history of `branch`; `lost`. */
function told(core: FsCore, branch: string, since: number): string {
  const history = core.history(branch, since);
  return history.lost ? 'lost' : history.events.map(line).join(', ');
}

const LineageSuite = suite('lineage');

LineageSuite("before its creation a branch has its parent's history", () => {
  const { core, view } = setup();
  view.mkdir({ path: '/1' });
  const since = core.lastEventId;
  view.mkdir({ path: '/2' });
  core.createBranch('b');
  core.view('b', ROOT).mkdir({ path: '/3' });
  view.mkdir({ path: '/4' });
  core.hide('b', '/1');
  core.createBranch('c', { parent: 'b' });
  view.mkdir({ path: '/5' });
  core.view('b', ROOT).mkdir({ path: '/6' });
  core.view('c', ROOT).mkdir({ path: '/7' });
  assert.is(told(core, 'main', since), 'Created /2, Created /4, Created /5');
  assert.is(told(core, 'b', since), 'Created /2, Created /3, Created /4, Removed /1, Created /5, Created /6');
  assert.is(told(core, 'c', since), `${told(core, 'b', since)}, Created /7`);
  assert.is(told(core, 'c', core.lastEventId), '');
});

LineageSuite('events that the parent did not see are left out', () => {
  const { core, view } = setup();
  core.createBranch('b');
  view.mkdir({ path: '/1' });
  core.hide('b', '/1');
  const since = core.lastEventId;
  view.mkdir({ path: '/1/unseen' });
  core.createBranch('c', { parent: 'b' });
  assert.is(told(core, 'c', since), '');
});

LineageSuite('a branch created from a snapshot has no earlier history', () => {
  const { core, view } = setup();
  core.snapshot('main', 'early');
  view.mkdir({ path: '/1' });
  const since = core.lastEventId - 1;
  core.createBranch('b', { snapshot: 'early' });
  const born = core.lastEventId;
  core.view('b', ROOT).mkdir({ path: '/2' });
  assert.is(told(core, 'b', since), 'lost');
  assert.is(told(core, 'b', born), 'Created /2');
  core.createBranch('c', { parent: 'b' });
  assert.is(told(core, 'c', since), 'lost');
  assert.is(told(core, 'c', born), 'Created /2');
});

LineageSuite('a name that is used again is another branch', () => {
  const { core, view } = setup();
  core.createBranch('b');
  const since = core.lastEventId;
  core.view('b', ROOT).mkdir({ path: '/1' });
  core.deleteBranch('b');
  view.mkdir({ path: '/2' });
  core.createBranch('b');
  assert.is(told(core, 'b', since), 'Created /2');
  core.deleteBranch('b');
  assert.throws(
    () => core.history('b', since),
    (error: unknown) => error instanceof FsError && error.code === 'ENOENT',
  );
});

LineageSuite('events that the journal dropped are lost for every branch', () => {
  const { core, view } = setup({ journal: { maxEvents: 2 } });
  for (const name of ['1', '2', '3']) put(view, `/${name}`, '');
  core.createBranch('b');
  assert.is(told(core, 'b', 0), 'lost');
  assert.is(told(core, 'b', core.lastEventId - 1), told(core, 'main', core.lastEventId - 1));
});

LineageSuite.run();
