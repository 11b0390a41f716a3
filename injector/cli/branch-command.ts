/** `shimfs branch` and `shimfs snapshot`: several versions of a session's tree at the same time. */
import { type Command, Option } from 'commander';
import { branchOption, sessionOption, wholeNumber } from './options.ts';
import { print, printJson, table } from './output.ts';
import { commitBranch, diffBranch, discardBranch } from './overlay-commands.ts';
import { type SessionContext, withSession } from './session-action.ts';

type AddCommand = (parent: Command, nameAndArgs: string, description: string, example: string) => Command;

const add: AddCommand = (parent, nameAndArgs, description, example) =>
  parent
    .command(nameAndArgs)
    .description(description)
    .addOption(sessionOption())
    .addHelpText('after', `\nExample:\n  ${example}`);

function group(program: Command, name: string, summary: string, example: string): Command {
  return program
    .command(name)
    .description(summary)
    .addOption(sessionOption().hideHelp())
    .addHelpText('after', `\nExample:\n  ${example}`);
}

export function addBranchCommand(program: Command): void {
  const example = 'shimfs branch create work --session demo';
  const branch = group(
    program,
    'branch',
    'Create and manage branches: versions of a tree, each with its own changes on top of its parent.',
    example,
  );
  add(
    branch,
    'create <name>',
    'Create a branch on top of a parent branch. Later changes of the parent are visible in it.',
    example,
  )
    .option('--from <branch>', 'the parent branch (default: main)')
    .addOption(
      new Option('--snapshot <name>', 'use a snapshot as the parent; it never changes').conflicts('from'),
    )
    .action(withSession(createBranch));
  add(branch, 'list', 'List the branches.', 'shimfs branch list --session demo')
    .option('--json', 'one JSON array')
    .action(withSession(listBranches));
  addBindCommand(branch);
  addOverlayCommands(branch);
  add(
    branch,
    'delete <name>',
    'Delete a branch and its changes.',
    'shimfs branch delete work --session demo',
  ).action(
    withSession(
      async ({ client }: SessionContext, name: string) => void (await client.call('branch.delete', { name })),
    ),
  );
}

function addBindCommand(branch: Command): void {
  add(
    branch,
    'bind <name>',
    'Switch a running process, and the children that it starts later, to another branch. Its open files stay the ' +
      'same; its watches report the differences.',
    'shimfs branch bind work 4711 --session demo',
  )
    .argument('<pid>', 'id of a process in the session', wholeNumber)
    .option('--json', 'one JSON object')
    .action(withSession(bindBranch));
}

async function bindBranch({ client, json }: SessionContext, name: string, pid: number): Promise<void> {
  const { before } = await client.call('branch.bind', { name, pid });
  if (json) await printJson({ pid, branch: name, before });
}

function addOverlayCommands(branch: Command): void {
  const withBranch = (command: Command): Command =>
    command.addOption(branchOption('the same as [name] (default: main)'));
  withBranch(
    add(
      branch,
      'diff [name]',
      "List a branch's changes to the overlaid directories: A added, M modified, P permissions, owner or time, D deleted.",
      'shimfs branch diff --session demo --patch',
    ),
  )
    .option('--patch', 'print a patch of the text files, for `git apply`')
    .option('--json', 'one JSON array')
    .action(withSession(diffBranch));
  withBranch(
    add(
      branch,
      'commit [name]',
      "Apply a branch's changes to the overlaid directories. Applies nothing if another program has changed the same paths.",
      'shimfs branch commit work --session demo',
    ),
  )
    .option('--force', "overwrite other programs' changes to the same paths")
    .option('--json', 'one JSON object')
    .action(withSession(commitBranch));
  withBranch(
    add(
      branch,
      'discard [name]',
      'Drop all changes of a branch.',
      'shimfs branch discard work --session demo',
    ),
  ).action(withSession(discardBranch));
}

export function addSnapshotCommand(program: Command): void {
  const example = 'shimfs snapshot create before --session demo';
  const snapshot = group(
    program,
    'snapshot',
    'Create and manage snapshots: the contents of a branch at a moment, as a parent for new branches.',
    example,
  );
  add(snapshot, 'create <name>', 'Keep the present contents of a branch.', example)
    .addOption(branchOption('the branch (default: main)'))
    .action(
      withSession(
        async ({ client, branch }: SessionContext, name: string) =>
          void (await client.call('snapshot.create', { name, branch })),
      ),
    );
  add(snapshot, 'list', 'List the snapshots.', 'shimfs snapshot list --session demo')
    .option('--json', 'one JSON array')
    .action(withSession(listSnapshots));
  add(
    snapshot,
    'restore <name>',
    'Set a branch back to the contents of a snapshot. Programs in the branch are notified of every difference.',
    'shimfs snapshot restore before --session demo',
  )
    .addOption(branchOption('the branch (default: main)'))
    .action(
      withSession(
        async ({ client, branch }: SessionContext, name: string) =>
          void (await client.call('snapshot.restore', { name, branch })),
      ),
    );
  add(
    snapshot,
    'delete <name>',
    'Delete a snapshot. Branches that were created from it stay.',
    'shimfs snapshot delete before --session demo',
  ).action(
    withSession(
      async ({ client }: SessionContext, name: string) =>
        void (await client.call('snapshot.delete', { name })),
    ),
  );
}

async function createBranch(
  { client }: SessionContext,
  name: string,
  flags: { from?: string; snapshot?: string },
): Promise<void> {
  await client.call('branch.create', { name, from: flags.from, snapshot: flags.snapshot });
}

async function listBranches({ client, json }: SessionContext): Promise<void> {
  const branches = await client.call('branch.list', {});
  if (json) return printJson(branches);
  const below = ({ parent, snapshot }: (typeof branches)[number]): string =>
    parent !== undefined ? `on ${parent}` : snapshot !== undefined ? `from snapshot ${snapshot}` : '';
  await print(table(branches.map((branch) => [branch.name, below(branch)])));
}

async function listSnapshots({ client, json }: SessionContext): Promise<void> {
  const snapshots = await client.call('snapshot.list', {});
  if (json) return printJson(snapshots);
  await print(table(snapshots.map(({ name, branch }) => [name, `of ${branch}`])));
}
