import { expect, test } from "bun:test";
import { endProcesses } from "./end-processes.ts";

/** Longer than any test. A process that ends on its signal ends the wait at once. */
const END_MS_MAX = 60_000;
const KILLED_MS_MAX = 10_000;

/** A process that runs until it is ended, once it has said that it listens to signals. */
async function startProcess({ ignores }: { ignores?: NodeJS.Signals } = {}) {
  const code = `
    const ignored = process.argv[1];
    if (ignored) process.on(ignored, () => {});
    setInterval(() => {}, 1_000);
    console.log("listens");`;
  const child = Bun.spawn([process.execPath, "-e", code, ignores ?? ""], { stdout: "pipe" });
  await child.stdout.getReader().read();
  return child;
}

test("endProcesses() gives each process its own signal when they end on it", async () => {
  const [first, second] = await Promise.all([startProcess(), startProcess()]);
  const signalOf = (processId: number) => (processId === first.pid ? "SIGINT" : "SIGTERM");
  await endProcesses([first.pid, second.pid], signalOf, { endMsMax: END_MS_MAX });
  await Promise.all([first.exited, second.exited]);
  expect([first.signalCode, second.signalCode]).toEqual(["SIGINT", "SIGTERM"]);
});

test("endProcesses() kills only the process that ignores its signal", async () => {
  const [ending, ignoring] = await Promise.all([
    startProcess(),
    startProcess({ ignores: "SIGTERM" }),
  ]);
  await endProcesses([ending.pid, ignoring.pid], () => "SIGTERM", {
    endMsMax: 500,
    killedMsMax: KILLED_MS_MAX,
  });
  await Promise.all([ending.exited, ignoring.exited]);
  expect([ending.signalCode, ignoring.signalCode]).toEqual(["SIGTERM", "SIGKILL"]);
});

test("endProcesses() does nothing when the processes have ended already", async () => {
  const child = await startProcess();
  child.kill();
  await child.exited;
  await endProcesses([child.pid], () => "SIGTERM", { endMsMax: 0, killedMsMax: 0 });
});
