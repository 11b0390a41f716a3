/**
 * How plain the English of comments and documents is: the rates of four families of filler words.
 *
 * Each family is common in riddles ("what is told", "the one that came") and rare in codebases that name their subjects.
 * The functions here are pure; prose-report.ts reads the files.
 */

export type Family = 'told' | 'who' | 'what' | 'one';

/** Occurrences per 1,000 words. */
export type Rates = Readonly<Record<Family, number>>;

export interface Tally {
  readonly words: number;
  readonly counts: Readonly<Record<Family, number>>;
}

export const FAMILIES: Readonly<Record<Family, readonly string[]>> = {
  told: ['told', 'tell', 'tells', 'telling'],
  who: ['who', 'whoever', 'whom', 'whose', 'nobody'],
  what: ['what', 'whatever'],
  one: ['one', 'ones'],
};
export const NAMES = Object.keys(FAMILIES) as Family[];

/** Strings and regular expressions are matched only so that a `//` or a quote inside them is not taken for a comment. */
const STRING = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/;
const TEMPLATE = /`(?:\\[\s\S]|[^`\\])*`/;
const REGEXP = /(?<=[=(,:[!&|?]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\//;
const C_COMMENT = /\/\*([\s\S]*?)\*\/|\/\/(.*)/;
const any = (...parts: RegExp[]): RegExp => new RegExp(parts.map((part) => part.source).join('|'), 'g');

const LANGUAGES: readonly { readonly suffix: RegExp; readonly comment: RegExp }[] = [
  { suffix: /\.[cm]?[tj]s$/, comment: any(C_COMMENT, STRING, TEMPLATE, REGEXP) },
  { suffix: /\.[chS]$/, comment: any(C_COMMENT, STRING) },
  { suffix: /\.py$/, comment: any(/"""([\s\S]*?)"""|#(.*)/, STRING) },
];

/** The text of a file's comments, or of a Markdown file without its code; undefined for a file of another kind. */
export function proseOf(path: string, text: string): string | undefined {
  if (path.endsWith('.md')) return text.replace(/^( *)```[\s\S]*?^\1```/gm, ' ');
  const language = LANGUAGES.find(({ suffix }) => suffix.test(path));
  if (language === undefined) return undefined;
  return [...text.matchAll(language.comment)].map((match) => match[1] ?? match[2] ?? '').join('\n');
}

/** Counts words and the words of each family. Text in backquotes is code and is not counted. */
export function tally(prose: string): Tally {
  const words = prose.replace(/`[^`\n]*`/g, ' ').match(/[A-Za-z][A-Za-z'’]*/g) ?? [];
  const counts = { told: 0, who: 0, what: 0, one: 0 };
  for (const word of words) {
    const family = NAMES.find((name) => FAMILIES[name].includes(word.toLowerCase()));
    if (family !== undefined) counts[family]++;
  }
  return { words: words.length, counts };
}

export function sum(tallies: readonly Tally[]): Tally {
  const counts = { told: 0, who: 0, what: 0, one: 0 };
  for (const each of tallies) for (const name of NAMES) counts[name] += each.counts[name];
  return { words: tallies.reduce((words, each) => words + each.words, 0), counts };
}

export function rates({ words, counts }: Tally): Rates {
  const rate = (name: Family): number => (1000 * counts[name]) / Math.max(1, words);
  return { told: rate('told'), who: rate('who'), what: rate('what'), one: rate('one') };
}

/** Families whose rate is above its ceiling, each as a sentence with the remedy. */
export function excesses(measured: Rates, ceilings: Rates): string[] {
  return NAMES.filter((name) => measured[name] > ceilings[name]).map(
    (name) =>
      `prose: ${FAMILIES[name].join(', ')}: ${measured[name].toFixed(2)} per 1,000 words, ceiling ` +
      `${ceilings[name].toFixed(2)}. Rewrite the new sentences: name the subject and state a fact.`,
  );
}
