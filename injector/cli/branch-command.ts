/** `shimfs branch` and `shimfs snapshot`: views of a session's tree that live side by side. */
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
    'Views of a tree, each with changes of its own upon another.',
    example,
  );
  add(branch, 'create <name>', 'Make a branch upon another, whose later changes show through.', example)
    .option('--from <branch>', 'the branch it lies upon (default: main)')
    .addOption(
      new Option('--snapshot <name>', 'begin from a snapshot, which does not change').conflicts('from'),
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
    'Let a running process see another branch, and the children that it starts from then on. What it holds open ' +
      'stays what it is; what it watches tells it the difference.',
    'shimfs branch bind work 4711 --session demo',
  )
    .argument('<pid>', 'the process, which lives in the session', wholeNumber)
    .option('--json', 'one JSON object')
    .action(withSession(bindBranch));
}

async function bindBranch({ client, json }: SessionContext, name: string, pid: number): Promise<void> {
  const { before } = await client.call('branch.bind', { name, pid });
  if (json) await printJson({ pid, branch: name, before });
}

function addOverlayCommands(branch: Command): void {
  const which = (command: Command): Command =>
    command.addOption(branchOption('the same as [name] (default: main)'));
  which(
    add(
      branch,
      'diff [name]',
      'Show what a branch changed of the overlaid directories: A added, M modified, P permissions, owner or time, D deleted.',
      'shimfs branch diff --session demo --patch',
    ),
  )
    .option('--patch', 'the changes of texts themselves, as `git apply` takes them')
    .option('--json', 'one JSON array')
    .action(withSession(diffBranch));
  which(
    add(
      branch,
      'commit [name]',
      'Apply what a branch changed to the overlaid directories. Refuses, and applies nothing, where others changed the same since.',
      'shimfs branch commit work --session demo',
    ),
  )
    .option('--force', 'prefer the branch to what others changed')
    .option('--json', 'one JSON object')
    .action(withSession(commitBranch));
  which(
    add(
      branch,
      'discard [name]',
      'Drop all that a branch changed.',
      'shimfs branch discard work --session demo',
    ),
  ).action(withSession(discardBranch));
}

export function addSnapshotCommand(program: Command): void {
  const example = 'shimfs snapshot create before --session demo';
  const snapshot = group(
    program,
    'snapshot',
    'What a branch showed at one moment, kept to begin branches from.',
    example,
  );
  add(snapshot, 'create <name>', 'Keep what a branch shows now.', example)
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
    'Make a branch show again what the snapshot holds. Programs that live in it hear of every difference.',
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
    'Let a snapshot go; branches that began from it stay.',
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
  await print(table(branches.map((one) => [one.name, below(one)])));
}

async function listSnapshots({ client, json }: SessionContext): Promise<void> {
  const snapshots = await client.call('snapshot.list', {});
  if (json) return printJson(snapshots);
  await print(table(snapshots.map((one) => [one.name, `of ${one.branch}`])));
}
