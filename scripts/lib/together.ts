/**
 * Does several things at once. The first that fails ends the others, and is what is thrown once all
 * of them have ended.
 */
export async function together(
  signal: AbortSignal | undefined,
  begin: (ended: AbortSignal) => Promise<unknown>[],
): Promise<void> {
  const failed = new AbortController();
  const ended = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  await Promise.all(begin(ended).map((work) => work.catch((error) => failed.abort(error))));
  failed.signal.throwIfAborted();
}
