/** A row of the table: the measured values, their peer, and whether the goal is met. */

export interface Goal {
  /** Limits on ours divided by the peer's. */
  readonly ratioMost?: number;
  readonly ratioLeast?: number;
  /** Limits on ours, in the row's unit. */
  readonly most?: number;
  /** Limits on ours minus the peer's, in the row's unit. */
  readonly addMost?: number;
}

export interface Row {
  readonly group: string;
  readonly name: string;
  readonly unit: string;
  /** Medians. */
  readonly ours: number;
  readonly peer?: number;
  /** Not always ours / peer: for paired rounds, the median of the rounds' ratios. */
  readonly ratio?: number;
  /** Quartiles of the rounds' ratios. */
  readonly spread?: readonly [number, number];
  readonly goal?: Goal;
  readonly note?: string;
}

export type Verdict = 'met' | 'not met' | '';

export function verdict({ ours, peer, ratio, goal }: Row): Verdict {
  if (!goal) return '';
  const { ratioMost, ratioLeast, most, addMost } = goal;
  const kept = [
    ratioMost === undefined || (ratio !== undefined && ratio <= ratioMost),
    ratioLeast === undefined || (ratio !== undefined && ratio >= ratioLeast),
    most === undefined || ours <= most,
    addMost === undefined || (peer !== undefined && ours - peer <= addMost),
  ];
  return kept.every(Boolean) ? 'met' : 'not met';
}

function goalText(goal: Goal | undefined, unit: string): string {
  if (!goal) return '';
  const parts: string[] = [];
  if (goal.ratioMost !== undefined) parts.push(`≤ ${goal.ratioMost}×`);
  if (goal.ratioLeast !== undefined) parts.push(`≥ ${goal.ratioLeast}×`);
  if (goal.most !== undefined) parts.push(`≤ ${goal.most} ${unit}`);
  if (goal.addMost !== undefined) parts.push(`≤ +${goal.addMost} ${unit}`);
  return parts.join(', ');
}

const figure = (value: number | undefined): string => {
  if (value === undefined) return '';
  if (value !== 0 && Math.abs(value) < 10) return value.toPrecision(3);
  return value < 1000 ? value.toFixed(1) : Math.round(value).toLocaleString('en-US').replaceAll(',', ' ');
};

const HEADINGS = ['what', 'ours', 'peer', '', 'ratio', 'goal', '', 'note'] as const;
const RIGHT = new Set([1, 2, 4]);

/** @returns a table, grouped in the order of the rows */
export function table(rows: readonly Row[]): string {
  const lines: (readonly string[])[] = [HEADINGS];
  const titles = new Map<number, string>();
  let group: string | undefined;
  for (const row of rows) {
    if (row.group !== group) titles.set(lines.length, row.group);
    group = row.group;
    const spread = row.spread ? ` [${row.spread.map((v) => v.toFixed(2)).join('–')}]` : '';
    lines.push([
      `  ${row.name}`,
      figure(row.ours),
      figure(row.peer),
      row.unit,
      row.ratio === undefined ? '' : `${row.ratio.toFixed(row.ratio < 10 ? 3 : 1)}×${spread}`,
      goalText(row.goal, row.unit),
      verdict(row),
      row.note ?? '',
    ]);
  }
  const widths = HEADINGS.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  const text = lines.map((line) =>
    line
      .map((cell, i) => (RIGHT.has(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
  return text.flatMap((line, i) => (titles.has(i) ? ['', titles.get(i)!, line] : [line])).join('\n');
}
