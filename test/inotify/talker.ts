/** A watchscript that is queried line by line. */
import type { ChildProcess } from 'node:child_process';
import { Follower } from './follower.ts';

export class Talker {
  readonly follower: Follower;

  constructor(child: ChildProcess) {
    this.follower = new Follower(child);
  }

  /** Its output for these lines, each without the line itself. */
  async say(...lines: readonly string[]): Promise<string[]> {
    this.follower.child.stdin!.write(`${lines.join('\n')}\nsync\n`);
    const said = await this.follower.until(/^== sync$/);
    return said
      .filter((line) => !line.startsWith('== ') && line !== '  .')
      .map((line) => (line.startsWith('  ') ? line.trim() : line.replace(/^.*:\s*/, '')))
      .filter(Boolean);
  }

  /** The events of one drain. */
  async heard(): Promise<string[]> {
    return this.say('drain');
  }

  async end(): Promise<void> {
    this.follower.child.stdin!.end();
    await this.follower.ended;
  }
}
