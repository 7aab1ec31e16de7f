/** "Did you mean": the word of a list that is closest to a mistyped one. Pure. */

/** As the end of a message; empty when no word is close. */
export function suggestion(given: string, words: readonly string[]): string {
  const word = closest(given, words);
  return word === undefined ? "" : `; did you mean ${word}?`;
}

/** The word that differs in at most a third of its letters, or that begins with the given one. */
export function closest(given: string, words: readonly string[]): string | undefined {
  const typed = bare(given);
  return words
    .map((word) => ({ word, distance: distance(typed, bare(word)) }))
    .filter(
      ({ word, distance }) =>
        distance <= Math.max(1, Math.floor(bare(word).length / 3)) ||
        (typed.length >= 3 && bare(word).startsWith(typed)),
    )
    .sort((one, other) => one.distance - other.distance)[0]?.word;
}

const bare = (word: string) => word.toLowerCase().replace(/^-+/, "");

/**
 * Insertions, deletions, changes and swaps of neighbours that lead from one word to the other:
 * the optimal string alignment distance.
 */
function distance(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const cost = from[i - 1] === to[j - 1] ? 0 : 1;
      row[j] = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + cost);
      const isSwap = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (i > 1 && j > 1 && isSwap) row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1);
    }
    rows.push(row);
  }
  return rows[from.length]![to.length]!;
}
