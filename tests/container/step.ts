/** Says of each step that it holds, and how long it took. */
export async function step<Result>(what: string, perform: () => Promise<Result>): Promise<Result> {
  const startedAt = performance.now();
  const result = await perform();
  console.log(`holds  ${what}, ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
  return result;
}
