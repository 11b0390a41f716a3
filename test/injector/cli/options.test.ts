/** Parsers of option values; files and failures as text. */
import { CommanderError } from 'commander';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FsError } from '../../../core/errors.ts';
import { reportFailure, UsageError } from '../../../injector/cli/failure.ts';
import { modeText } from '../../../injector/cli/file-text.ts';
import {
  byteCount,
  collectImport,
  collectVariable,
  octalMode,
  wholeNumber,
} from '../../../injector/cli/options.ts';
import { table } from '../../../injector/cli/output.ts';
import { UserError } from '../../../injector/user-error.ts';

const test = suite('options');

const good: readonly (readonly [(value: string) => unknown, string, unknown])[] = [
  [byteCount, '0', 0],
  [byteCount, '4096', 4096],
  [byteCount, '64k', 65536],
  [byteCount, '16M', 16 * 1024 ** 2],
  [byteCount, '2G', 2 * 1024 ** 3],
  [wholeNumber, '12', 12],
  [octalMode, '755', 0o755],
  [octalMode, '0', 0],
  [octalMode, '4711', 0o4711],
  [collectVariable, 'A=b', { A: 'b' }],
  [collectVariable, 'A=', { A: '' }],
  [collectVariable, 'A=b=c', { A: 'b=c' }],
  [collectImport, './x:/v', [{ from: './x', to: '/v' }]],
  [collectImport, 'a:b:/v/x/', [{ from: 'a:b', to: '/v/x' }]],
  [collectImport, 'x:/', [{ from: 'x', to: '/' }]],
];
for (const [parse, value, meaning] of good)
  test(`${parse.name} ${value}`, () =>
    assert.equal((parse as (value: string, before?: undefined) => unknown)(value, undefined), meaning));

const bad: readonly (readonly [(value: string) => unknown, readonly string[]])[] = [
  [byteCount, ['', '-1', '1.5', '1T', 'k', '99999999999999999999']],
  [wholeNumber, ['', '+5', '-1', '0x10', '1e3', '99999999999999999999']],
  [octalMode, ['', '8', 'u+x', '77777']],
  [collectVariable, ['', 'A', '=b']],
  [collectImport, ['', 'x', ':/v', 'x:v', 'x:']],
];
for (const [parse, values] of bad)
  test(`${parse.name} refuses`, () => {
    for (const value of values) assert.throws(() => parse(value), undefined, value);
  });

for (const [type, mode, text] of [
  ['file', 0o644, '-rw-r--r--'],
  ['directory', 0o1777, 'drwxrwxrwt'],
  ['directory', 0o1776, 'drwxrwxrwT'],
  ['file', 0o6755, '-rwsr-sr-x'],
  ['file', 0o6644, '-rwSr-Sr--'],
  ['symlink', 0o777, 'lrwxrwxrwx'],
  ['fifo', 0, 'p---------'],
] as const)
  test(`mode ${text}`, () => assert.is(modeText({ type, mode }), text));

test('table: columns, aligned', () => {
  assert.is(
    table(
      [
        ['a', '1', 'x'],
        ['long', '22', ''],
      ],
      [1],
    ),
    'a      1  x\nlong  22\n',
  );
  assert.is(table([]), '');
});

for (const [error, status, text] of [
  [new CommanderError(0, 'commander.help', ''), 0, ''],
  [new CommanderError(1, 'commander.unknownOption', 'told already'), 2, ''],
  [new UsageError('wrong', 'Right.'), 2, 'shimfs: wrong\n  Right.\n'],
  [new UserError('cause', 'Remedy.', 127), 127, 'shimfs: cause\n  Remedy.\n'],
  [new FsError('ENOENT', 'stat', '/v/a'), 1, "shimfs: ENOENT: no such file or directory, stat '/v/a'\n"],
  [
    new TypeError('x is undefined'),
    1,
    'shimfs: unexpected: x is undefined\n  This is a fault of shimfs. SHIMFS_LOG=debug prints the stack: please report it.\n',
  ],
] as const)
  test(`failure: ${error.name} ${error.message}`, () => {
    let said = '';
    const was = process.env.SHIMFS_LOG;
    delete process.env.SHIMFS_LOG;
    try {
      assert.is(
        reportFailure(error, (words) => {
          said += words;
        }),
        status,
      );
    } finally {
      if (was !== undefined) process.env.SHIMFS_LOG = was;
    }
    assert.is(said, text);
  });

test.run();
