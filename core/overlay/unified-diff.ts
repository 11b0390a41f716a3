/** Two texts as a unified diff, the format of `patch`. */

const CONTEXT = 3;
/** Above this many edits the whole text is shown as replaced: the search is quadratic in the edits. */
const MAX_EDITS = 2000;

interface Edit {
  readonly sign: ' ' | '-' | '+';
  readonly line: string;
}

/** Lines, each with its line end. */
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** Myers' greedy search for a shortest edit script. */
function shortestEdits(a: readonly string[], b: readonly string[]): Edit[] | undefined {
  const trace: Int32Array[] = [];
  const limit = Math.min(a.length + b.length, MAX_EDITS);
  const best = new Int32Array(2 * limit + 3);
  const zero = limit + 1;
  for (let edits = 0; edits <= limit; edits++) {
    trace.push(best.slice());
    for (let k = -edits; k <= edits; k += 2) {
      const down = k === -edits || (k !== edits && best[zero + k - 1]! < best[zero + k + 1]!);
      let x = down ? best[zero + k + 1]! : best[zero + k - 1]! + 1;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) {
        x++;
        y++;
      }
      best[zero + k] = x;
      if (x >= a.length && y >= b.length) return walkBack(a, b, trace, zero);
    }
  }
  return undefined;
}

function walkBack(
  a: readonly string[],
  b: readonly string[],
  trace: readonly Int32Array[],
  zero: number,
): Edit[] {
  const edits: Edit[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = trace.length - 1; d >= 0; d--) {
    const best = trace[d]!;
    const k = x - y;
    const down = k === -d || (k !== d && best[zero + k - 1]! < best[zero + k + 1]!);
    const fromX = down ? best[zero + k + 1]! : best[zero + k - 1]!;
    const fromY = fromX - (down ? k + 1 : k - 1);
    while (x > Math.max(fromX, 0) && y > Math.max(fromY, 0) && a[x - 1] === b[y - 1]) {
      edits.push({ sign: ' ', line: a[--x]! });
      y--;
    }
    if (d === 0) break;
    if (down) edits.push({ sign: '+', line: b[--y]! });
    else edits.push({ sign: '-', line: a[--x]! });
  }
  return edits.reverse();
}

function editsOf(before: string, after: string): Edit[] {
  const a = linesOf(before);
  const b = linesOf(after);
  const exchanged = (): Edit[] => [
    ...a.map((line): Edit => ({ sign: '-', line })),
    ...b.map((line): Edit => ({ sign: '+', line })),
  ];
  return shortestEdits(a, b) ?? exchanged();
}

/** The hunks; empty for equal texts. */
export function unifiedHunks(before: string, after: string): string {
  const edits = editsOf(before, after);
  const near = edits.map((_, i) =>
    edits.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some(({ sign }) => sign !== ' '),
  );
  let out = '';
  let oldLine = 1;
  let newLine = 1;
  for (let i = 0; i < edits.length; ) {
    if (!near[i]) {
      oldLine++;
      newLine++;
      i++;
      continue;
    }
    let end = i;
    while (end < edits.length && near[end]) end++;
    const hunk = edits.slice(i, end);
    const oldCount = hunk.filter(({ sign }) => sign !== '+').length;
    const newCount = hunk.filter(({ sign }) => sign !== '-').length;
    out += `@@ -${range(oldLine, oldCount)} +${range(newLine, newCount)} @@\n`;
    for (const { sign, line } of hunk)
      out += line.endsWith('\n') ? `${sign}${line}` : `${sign}${line}\n\\ No newline at end of file\n`;
    oldLine += oldCount;
    newLine += newCount;
    i = end;
  }
  return out;
}

/** A hunk header's range; an empty range names the line before it. */
const range = (start: number, count: number): string =>
  count === 1 ? String(start) : `${count === 0 ? start - 1 : start},${count}`;
