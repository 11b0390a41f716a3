/** A session in a separate process that the test kills. Prints its address, then runs tree-changing lines. */
import { createInterface } from 'node:readline';
import { hostCommand, openBridge, viewOf } from './support.ts';

const session = await openBridge();
const view = viewOf(session);
view.mkdir({ path: '/v/d' });
view.mknod({ path: '/v/f' }, 0o100644);
console.log(
  JSON.stringify({ value: session.host.session.environmentValue('main'), gate: session.host.file.gate }),
);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'close') await session.close();
  else hostCommand(view, line);
  console.log('ok');
}
