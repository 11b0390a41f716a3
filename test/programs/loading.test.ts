/** What the loader asks for before the gate stands is not found in the tree: a told difference, and told by the loader. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestSession } from '../support/session.ts';
import { skip } from './support.ts';

const tests = suite('loading');
if (!skip('libraries of the tree', ['gcc'])) {
  const session = await TestSession.open();
  tests.after(() => session.close());
  const BUILD = `cd /v; echo 'int answer(void) { return 42; }' > l.c; echo 'int answer(void); int main(void) { return answer() != 42; }' > m.c
gcc -shared -fPIC -o libanswer.so l.c; gcc -o by-rpath m.c -L. -lanswer -Wl,-rpath,/v; gcc -o by-path m.c -L. -lanswer`;

  tests('a program that is linked against one fails to start, and says so', async () => {
    const built = await session.sh(BUILD);
    assert.is(built.stderr, '');
    for (const line of ['./by-rpath', 'LD_LIBRARY_PATH=/v ./by-path']) {
      const ran = await session.sh(`cd /v; ${line}`);
      assert.is(ran.status, 127);
      assert.match(ran.stderr, /libanswer\.so: cannot open shared object file/);
    }
  });

  tests('the name of a program of the tree is right where programs ask for it', async () => {
    const ran = await session.sh('cd /v; cp /bin/bash own; ./own -c \'echo "$0"; readlink /proc/self/exe\'');
    assert.is(ran.stderr, '');
    assert.is(ran.stdout.split('\n')[0], './own');
  });
}
tests.run();
