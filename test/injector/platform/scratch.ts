/** A directory for a test, removed at the end of its process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), 'shimfs-test-'));
  process.once('exit', () => rmSync(path, { recursive: true, force: true }));
  return path;
}
