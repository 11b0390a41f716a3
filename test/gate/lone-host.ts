/** A host in a process of its own, to be killed: says on one line how programs come to it. */
import { TestSession } from '../support/session.ts';

const { host } = await TestSession.open();
process.stdout.write(
  `${JSON.stringify({ gate: host.options.gate, value: host.sessionValue('main'), objects: host.objects.path, socket: host.describe().socket, token: host.describe().token })}\n`,
);
process.stdin.resume();
process.stdin.on('end', () => process.exit());
