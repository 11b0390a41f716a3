import { existsSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PAGE } from '../../../injector/service/page.ts';

const page = suite('page');

page('is one file whose script can be read', () => {
  assert.not.match(PAGE, /https?:|src=|@import/);
  const script = /<script>([\s\S]*)<\/script>/.exec(PAGE)![1]!;
  // A function of it that nobody calls: only syntax counts.
  assert.type(runInNewContext(`(async () => {${script}})`), 'function');
});

if (!['/usr/bin/chromium', '/usr/bin/chromium-browser'].some((path) => existsSync(path)))
  process.stderr.write('page: not opened in a browser: Debian’s chromium is not installed here\n');
else process.stderr.write('page: not opened in a browser: no driver for chromium is installed\n');

page.run();
