/**
 * Keeps one tunnel open until it is stopped. A cloudflared that dies is restarted, after a growing
 * delay, and given up after a few failures in a row. The last error is always reported.
 */
import { pause } from "../lib/wait.ts";
import { Cloudflared, type Run } from "./cloudflared.ts";

const TRIES_MAX = 5;
const PAUSE_MS_MIN = 1_000;
const PAUSE_MS_MAX = 30_000;
/** A tunnel that was open for this long starts to count its failures from 0 again. */
const STEADY_MS = 60_000;

export interface TunnelOptions extends Run {
  /** As in "the tunnel to the summary origin". */
  name: string;
  signal: AbortSignal;
  /** Called each time the tunnel opens, with the address of a quick tunnel. */
  onOpen(address: string | undefined): void;
  say(line: string): void;
}

/**
 * Returns once the signal has come and cloudflared has ended.
 * @throws Error with the last lines of cloudflared's log when the tunnel cannot be kept open
 */
export async function keepOpen(options: TunnelOptions): Promise<void> {
  const { name, signal, say } = options;
  for (let failures = 0; !signal.aborted; ) {
    const { cloudflared, reason, openMs } = await runOnce(options);
    if (signal.aborted) return;
    failures = openMs >= STEADY_MS ? 1 : failures + 1;
    if (cloudflared.hopeless || failures >= TRIES_MAX) {
      const log = cloudflared.lines.map((line) => `  ${line}`).join("\n");
      const attempts = cloudflared.hopeless ? "" : `, ${failures} times in a row`;
      throw new Error(`Cannot keep ${name} open: ${reason}${attempts}. Its last lines:\n${log}`);
    }
    const pauseMs = Math.min(PAUSE_MS_MIN * 2 ** (failures - 1), PAUSE_MS_MAX);
    say(`${capitalized(name)} is down: ${reason}; next attempt in ${pauseMs / 1000} s`);
    await pause(pauseMs, signal).catch(() => {});
  }
}

async function runOnce(options: TunnelOptions) {
  const { signal, onOpen } = options;
  const cloudflared = await Cloudflared.start(options);
  let openedAt: number | undefined;
  let reason: string;
  try {
    await cloudflared.untilOpen(signal);
    openedAt = performance.now();
    onOpen(cloudflared.address);
    reason = `cloudflared ${await Promise.race([cloudflared.ended, aborted(signal)])}`;
  } catch (error) {
    reason = (error as Error).message;
  } finally {
    await cloudflared.stop();
  }
  const openMs = openedAt === undefined ? 0 : performance.now() - openedAt;
  return { cloudflared, reason: cloudflared.hopeless ?? reason, openMs };
}

function aborted(signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve("was told to stop"), { once: true });
    if (signal.aborted) resolve("was told to stop");
  });
}

const capitalized = (text: string) => text[0]!.toUpperCase() + text.slice(1);
