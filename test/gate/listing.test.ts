/** Listings of directories that change meanwhile: they end, and show each lasting entry once. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestSession } from '../support/session.ts';

const script = fileURLToPath(new URL('programs/listing.py', import.meta.url));
const over = mkdtempSync('/dev/shm/shimfs-listing-');
mkdirSync(`${over}/real`);
const session = await TestSession.open({ mounts: ['/v'], overlays: [over] });
const listings = suite('listings');
listings.after(async () => {
  await session.close();
  rmSync(over, { recursive: true, force: true });
});

/** As the kernel on tmpfs since 6.6; before it, a listing that renames may show an entry twice. */
const wanted = `rename 80 300 300 300 True
rewind 300
rename 1024 300 300 300 True
rewind 300
rename 32768 300 300 300 True
rewind 300
create 300 600
link 300 600
remove 300 []
two readers 300 False 300
seek True
`;

for (const [where, top] of [
  ['in a mount', '/v'],
  ['in an overlay', `${over}/real`],
] as const)
  listings(where, async () => {
    const ran = await session.run('python3', [script, top]);
    assert.is(ran.stdout, wanted, ran.stderr);
  });
listings.run();
