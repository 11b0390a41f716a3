/** The page at `/`, as a browser shows it. */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PAGE } from '../../../injector/service/page.ts';
import { type RunningService, serve } from '../../../injector/service/server.ts';
import { openChromium } from '../../support/chromium.ts';

const text = suite('page');
text('is a single file without references to others', () => {
  assert.not.match(PAGE, /https?:|src=|@import|url\(/);
});
interface World {
  dir: string;
  watched: string;
  running: RunningService;
  token: string;
  page: Page;
  /** Requests to other addresses, and errors of the page. */
  complaints: string[];
}

const opened = await openChromium();
const browser = 'remedy' in opened ? undefined : (opened as Browser);
if ('remedy' in opened) console.log(`skipped: the page in a browser: ${opened.remedy}`);

const LIMIT_MS = 60_000;
const shown = suite<World>('page in Chromium');

shown.before.each(async (context) => {
  context.dir = realpathSync(mkdtempSync(join(tmpdir(), 'shimfs-page-')));
  context.watched = join(context.dir, 'project');
  mkdirSync(context.watched);
  const tokenFile = join(context.dir, 'tokens.json');
  context.running = await serve({ store: join(context.dir, 'store.db'), tokenFile });
  context.token = JSON.parse(readFileSync(tokenFile, 'utf8')).tokens[0].token;
  for (const [id, tags] of [
    ['docs', ['team:docs']],
    ['project', ['team:core', 'kind:build']],
  ] as const)
    await ask(context, 'PUT', `/watchers/${id}`, { path: context.watched, tags, latencyMs: 10 });
  const page = await browser!.newPage({ viewport: { width: 1200, height: 860 } });
  page.setDefaultTimeout(LIMIT_MS);
  context.complaints = [];
  // Offline: requests to other addresses are refused, and recorded.
  await page.route('**/*', (route) => {
    const url = route.request().url();
    if (url.startsWith(context.running.url) || url.startsWith('data:')) return route.continue();
    context.complaints.push(`asks for ${url}`);
    return route.abort();
  });
  page.on('pageerror', (error) => context.complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') context.complaints.push(message.text());
  });
  context.page = page;
});
shown.after.each(async ({ dir, running, page }) => {
  await page.close();
  await running.close();
  rmSync(dir, { recursive: true, force: true });
});
shown.after(() => browser?.close());

function ask({ running, token }: World, method: string, path: string, body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return fetch(running.url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
}

async function enter({ page, running, token }: World): Promise<void> {
  await page.goto(running.url);
  await page.fill('#token', token);
  await page.click('#enter button');
  await page.waitForSelector('#watchers tr[data-id]');
}

/** Path of the screenshot, for the user. */
async function picture(page: Page, name: string): Promise<void> {
  const directory = process.env.SHIMFS_SCREENSHOTS;
  if (directory) await page.screenshot({ path: join(directory, `${name}.png`) });
}

shown('shows watchers, events, their rate, and retained events', async (context) => {
  const { page, watched, complaints } = context;
  await enter(context);
  const rows = page.locator('#watchers tr[data-id]');
  assert.is(await rows.count(), 2);
  assert.match((await rows.nth(0).textContent()) ?? '', /docs.*team:docs.*watching/s);
  await rows.nth(1).click();
  await page.waitForSelector('tr[data-id=project].chosen');
  await page.waitForSelector('#state:text("live")');
  writeFileSync(join(watched, 'made'), 'x');
  await page.waitForSelector('#log :text("made")');
  renameSync(join(watched, 'made'), join(watched, '<b>renamed'));
  // A name is shown as text, also if it contains markup.
  await page.waitForSelector('#log :text("<b>renamed")');
  assert.is(await page.locator('#log b').count(), 0);
  for (let n = 0; n < 40; n++) writeFileSync(join(watched, `file-${n}`), 'x');
  await page.waitForSelector('#log :text("file-39")');
  await page.waitForSelector('#rate:text-matches("most [1-9]")');
  const drawn = await page.evaluate(`(() => {
    const canvas = document.getElementById('plot');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value, i) => i % 4 === 3 && value > 0);
  })()`);
  assert.ok(drawn, 'the plot shows something');
  await page.waitForSelector('tr[data-id=project] [data-what=retained]:text-matches("^[4-9][0-9] of")');
  await picture(page, 'watchers');
  await page.emulateMedia({ colorScheme: 'dark' });
  await picture(page, 'watchers-dark');
  await page.setViewportSize({ width: 420, height: 800 });
  await picture(page, 'watchers-narrow');
  assert.ok(
    await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth'),
    'fits on a narrow screen',
  );
  assert.equal(complaints, []);
});

shown('a wrong token is reported, and is not kept', async (context) => {
  const { page, running, complaints } = context;
  await page.goto(running.url);
  await page.fill('#token', 'wrong');
  await page.click('#enter button');
  await page.waitForSelector('#note:text("no token that is known")');
  assert.is(await page.locator('#watchers tr[data-id]').count(), 0);
  // The browser's own message about the 401.
  assert.ok(
    complaints.every((line) => line.includes('401')),
    complaints.join('\n'),
  );
});

shown('deleted and new watchers appear; the stream is resumed', async (context) => {
  const { page, watched } = context;
  await enter(context);
  await page.click('tr[data-id=docs]');
  await page.waitForSelector('#state:text("live")');
  await ask(context, 'DELETE', '/watchers/docs');
  await ask(context, 'PUT', '/watchers/late', { path: watched, latencyMs: 10 });
  await page.waitForSelector('tr[data-id=late]');
  await page.waitForSelector('tr[data-id=docs]', { state: 'detached' });
  await page.click('tr[data-id=late]');
  await page.waitForSelector('#state:text("live")');
  writeFileSync(join(watched, 'seen'), '');
  await page.waitForSelector('#log :text("seen")');
});

shown('the description of the API is readable without a network', async (context) => {
  const { page, running, complaints } = context;
  await page.goto(`${running.url}/docs/`);
  assert.ok((await page.locator('details').count()) >= 11);
  await page.click('details >> nth=0');
  await page.waitForSelector('details[open] h4');
  await picture(page, 'docs');
  assert.equal(complaints, []);
});

text.run();
if (browser) shown.run();
