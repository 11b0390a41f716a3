/** A replicator in a process of its own, to be killed: `replica-process.ts <from> <to>`. Reports when it is in step. */
import { join } from 'node:path';
import {
  directoryOrigin,
  directoryTarget,
  FileChangeLog,
  PRIVATE,
  Replicator,
  StateFile,
} from '../../../core/replicate/index.ts';

const [from = '', to = ''] = process.argv.slice(2);
const replicator = new Replicator({
  origin: directoryOrigin(from),
  target: directoryTarget(to),
  state: new StateFile(join(to, PRIVATE, 'state.json')),
  log: new FileChangeLog(join(to, PRIVATE, 'changes.log'), { maxBytes: 20_000 }),
  latency: 5,
  scanInterval: 0,
  onProgress: ({ last }) => process.send?.({ action: last.action }),
});
process.on('message', (message) => {
  if (message === 'scan') void replicator.scan().then(() => process.send?.({ scanned: true }));
});
process.on('disconnect', () => process.exit());
await replicator.start();
process.send?.({ started: true });
