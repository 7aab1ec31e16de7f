/**
 * Runs several works at once. The first failure aborts the others, and is thrown when all of them have
 * ended.
 */
export async function taskGroup(
  signal: AbortSignal | undefined,
  begin: (ended: AbortSignal) => Promise<unknown>[],
): Promise<void> {
  const failed = new AbortController();
  const ended = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  await Promise.all(begin(ended).map((work) => work.catch((error) => failed.abort(error))));
  failed.signal.throwIfAborted();
}
