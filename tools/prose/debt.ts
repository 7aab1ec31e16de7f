/**
 * The findings that are known and not mended yet: how many of each rule, in each file. They may only
 * become fewer. A file may be moved or split, so only the sum over all files decides.
 */

/** Findings of each rule, by file. */
export type Debt = Record<string, Record<string, number>>;

export function countFindings(findings: readonly { path: string; rule: string }[]): Debt {
  const debt: Debt = {};
  for (const { path, rule } of findings) {
    debt[path] ??= {};
    const counts = debt[path] as Record<string, number>;
    counts[rule] = (counts[rule] ?? 0) + 1;
  }
  return debt;
}

export function totalsOf(debt: Debt): Map<string, number> {
  const totals = new Map<string, number>();
  for (const counts of Object.values(debt)) {
    for (const [rule, count] of Object.entries(counts)) {
      totals.set(rule, (totals.get(rule) ?? 0) + count);
    }
  }
  return totals;
}

/** The rules of which there are more findings than are known. */
export function grownRules(known: Debt, found: Debt): string[] {
  const before = totalsOf(known);
  return [...totalsOf(found)]
    .filter(([rule, count]) => count > (before.get(rule) ?? 0))
    .map(([rule]) => rule);
}

/** Whether a finding may be new: its file has more of its rule than are known there. */
export const mayBeNew = (
  known: Debt,
  found: Debt,
  { path, rule }: { path: string; rule: string },
) => (found[path]?.[rule] ?? 0) > (known[path]?.[rule] ?? 0);
