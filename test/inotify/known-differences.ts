/**
 * Cases in which a virtual tree's events differ from the kernel's, each with its reason.
 *
 * The key is a case as its suite names it. They are run all the same, and a case that has
 * become equal is a failure: its line here must be removed.
 */
const NOT_A_HOLDER = 'a directory removed while it is a working directory ends at once, not when it is left';
const NAMELESS =
  'a file created with O_TMPFILE is not in the directory: its open, write and close notify no watcher';
const LOWER_LINKS = 'hard links of the real directory are separate files in an overlay';
const TMPFILE = 'open %0 @/d TMPFILE|RDWR; write %0 x; close %0';

const EARLY_DIRECTORY = 'a directory opened before a watch above it: its close is not notified';
const OTHER_LINK =
  'of several links, a change through a descriptor opened earlier, or of size or times by a path, notifies the watched link';

/** Whichever process makes the changes; also over a real directory. */
const always: Readonly<Record<string, string>> = {
  'directories: a directory opened before a watch above it': EARLY_DIRECTORY,
  'links: a descriptor of one name, and another name watched later': OTHER_LINK,
  'links: truncated and given times by an unwatched name': OTHER_LINK,
};

const anywhere: Readonly<Record<string, string>> = {
  ...always,
  'directories: a removed directory that is a working directory': NOT_A_HOLDER,
  'names: O_TMPFILE has no name to report': NAMELESS,
  [`matrix: ${TMPFILE}, from the parent`]: NAMELESS,
  [`matrix: ${TMPFILE}, from all of them`]: NAMELESS,
};

export const knownDifferences: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'same process': anywhere,
  'another process': anywhere,
  'the host': {
    'links: links in two directories, one name used':
      'a write by the host to a file of two names notifies one of them',
  },
  'an overlay': {
    ...always,
    'directories: a removed directory that is a working directory': NOT_A_HOLDER,
    [`matrix: ${TMPFILE}, from the parent`]: NAMELESS,
    [`matrix: ${TMPFILE}, from all of them`]: NAMELESS,
    'bytes: a FIFO is opened, written and read':
      'a FIFO of the real directory is opened itself, and it is not watched',
    'links: the path of a link that was replaced': LOWER_LINKS,
    'links: two paths of one inode share a watch': LOWER_LINKS,
    'masks: MASK_CREATE through another name': LOWER_LINKS,
    'names: a rename between links of one file': LOWER_LINKS,
    'names: a rename over another link of a watched file': LOWER_LINKS,
  },
};

/** The reason, if there is a known difference. */
export function known(suite: string, name: string): string | undefined {
  return knownDifferences[suite]?.[name];
}
