/** Medians and quantiles, and alternating rounds. */

const ascending = (a: number, b: number): number => a - b;

/** @param q 0 to 1 @throws RangeError for no values */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new RangeError('a quantile of nothing');
  const sorted = [...values].sort(ascending);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export interface Compared {
  readonly ours: number;
  readonly peer: number;
  /** Median of the rounds' ratios. */
  readonly ratio: number;
  readonly spread: readonly [number, number];
}

/** Two samples whose n-th values were measured in immediate succession. */
export function compare(ours: readonly number[], peer: readonly number[]): Compared {
  const ratios = ours.map((value, i) => value / peer[i]!);
  return {
    ours: median(ours),
    peer: median(peer),
    ratio: median(ratios),
    spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
  };
}

/** Runs A and B alternately, and alternates which is first. */
export async function inTurn(
  rounds: number,
  ours: () => Promise<number>,
  peer: () => Promise<number>,
): Promise<Compared> {
  const a: number[] = [];
  const b: number[] = [];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) a.push(await ours());
    b.push(await peer());
    if (round % 2 === 1) a.push(await ours());
  }
  return compare(a, b);
}

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
