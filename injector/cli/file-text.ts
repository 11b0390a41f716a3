/** Files as text, as `ls -l` and `stat` print them. */
import type { Timespec } from '../../core/clock.ts';
import type { FileInfo, NamedFile } from '../control/methods.ts';

const LETTER: Readonly<Record<FileInfo['type'], string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  fifo: 'p',
  socket: 's',
  char: 'c',
  block: 'b',
};

/** `-rw-r--r--` */
export function modeText({ type, mode }: Pick<FileInfo, 'type' | 'mode'>): string {
  const special = [0o4000, 0o2000, 0o1000];
  const groups = [6, 3, 0].map((shift, i) => {
    const bits = (mode >> shift) & 7;
    const executes = (bits & 1) !== 0;
    const letter = i === 2 ? 't' : 's';
    const last = mode & special[i]! ? (executes ? letter : letter.toUpperCase()) : executes ? 'x' : '-';
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${last}`;
  });
  return LETTER[type] + groups.join('');
}

const pad = (n: number, width = 2): string => String(n).padStart(width, '0');

/** Local time to the second. */
export function timeText({ sec }: Timespec): string {
  const at = new Date(sec * 1000);
  const date = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  return `${date} ${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}

const exactTime = (time: Timespec): string => `${timeText(time)}.${pad(time.nsec, 9)}`;
const withTarget = (name: string, { target }: FileInfo): string =>
  target === undefined ? name : `${name} -> ${target}`;

/** Cells of one row of `ls -l`. */
export const longRow = (file: NamedFile): string[] => [
  modeText(file),
  String(file.nlink),
  String(file.uid),
  String(file.gid),
  String(file.size),
  timeText(file.mtime),
  withTarget(file.name, file),
];

export const statText = (path: string, info: FileInfo): string =>
  [
    `path    ${withTarget(path, info)}`,
    `type    ${info.type}`,
    `mode    ${(info.mode & 0o7777).toString(8).padStart(4, '0')} (${modeText(info)})`,
    `inode   ${info.ino}`,
    `links   ${info.nlink}`,
    `owner   ${info.uid}:${info.gid}`,
    `size    ${info.size} bytes in ${info.blocks} blocks`,
    `access  ${exactTime(info.atime)}`,
    `modify  ${exactTime(info.mtime)}`,
    `change  ${exactTime(info.ctime)}`,
    `birth   ${exactTime(info.btime)}`,
    '',
  ].join('\n');
