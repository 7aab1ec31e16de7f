/** The frame as a person meets it: a command in a process of its own, under Bun and under Deno. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./config.ts";
import { until } from "./wait.ts";

setDefaultTimeout(60_000);

const runtimes: Record<string, string[]> = {
  Bun: [process.execPath, "--no-env-file"],
  Deno: [
    join(ROOT, "node_modules/deno/deno"),
    "run",
    "-A",
    "--no-lock",
    `--config=${join(ROOT, "deno.json")}`,
  ],
};

/** Does what its flag says. It is called `verify`, since the frame knows the names of commands. */
const PROGRAM = `
import { defineCommand, printJson, runCommand } from ${JSON.stringify(join(ROOT, "scripts/lib/command.ts"))};
import { ConfigError, UsageError } from ${JSON.stringify(join(ROOT, "scripts/lib/errors.ts"))};
import { choice, flag } from ${JSON.stringify(join(ROOT, "scripts/lib/flags.ts"))};
import { stopSignal } from ${JSON.stringify(join(ROOT, "scripts/lib/stop.ts"))};

const acts = {
  fail: () => { throw new Error("Cannot go on: no reason"); },
  misuse: () => { throw new UsageError("Cannot use it: it is wrong"); },
  misset: () => { throw new ConfigError("Cannot read it: it is wrong"); },
  differ: () => { process.exitCode = 1; },
  linger: () => { setInterval(() => {}, 1_000); console.log("done"); },
  json: () => printJson({ a: [1] }),
  print: () => { for (let line = 0; line < 20_000; line++) console.log("line", line, "x".repeat(40)); },
  write: async () => {
    for (let part = 0; part < 50; part++) {
      process.stdout.write("x".repeat(100_000));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  },
  finish: () => new Promise((resolve) => {
    stopSignal().addEventListener("abort", () => { console.log("stopping"); setTimeout(resolve, 100); });
    console.log("waiting");
    setInterval(() => {}, 1_000);
  }),
  stay: () => new Promise(() => {
    stopSignal();
    console.log("waiting");
    setInterval(() => {}, 1_000);
  }),
  wait: async () => {
    const stopped = stopSignal();
    console.log("waiting");
    await new Promise((_, reject) => stopped.addEventListener("abort", () => reject(stopped.reason)));
  },
};
await runCommand(defineCommand({
  name: "verify",
  flags: { act: flag(choice(Object.keys(acts)), "What to do", "differ") },
  exits: { 0: "holds", 1: "differs" },
  run: ({ flags }) => acts[flags.act](),
}));
`;

const folder = mkdtempSync(join(tmpdir(), "command-test-"));
const program = join(folder, "program.ts");
beforeAll(() => writeFileSync(program, PROGRAM));
afterAll(() => rmSync(folder, { recursive: true }));

function start(runtime: string, args: string[], environment: Record<string, string> = {}) {
  return Bun.spawn([...runtimes[runtime]!, program, ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function run(...call: Parameters<typeof start>) {
  const process = start(...call);
  const [exitCode, stdout, stderr] = await Promise.all([
    process.exited,
    new Response(process.stdout).text(),
    new Response(process.stderr).text(),
  ]);
  return { exitCode, stdout, stderr };
}

describe.each(["Bun", "Deno"])("runCommand() under %s", (runtime) => {
  test("ends with a status for each kind of error, and one message", async () => {
    expect(await run(runtime, ["--act", "fail"])).toEqual({
      ...{ exitCode: 1, stdout: "", stderr: "Cannot go on: no reason\n" },
    });
    expect(await run(runtime, ["--act", "misuse"])).toEqual({
      ...{ exitCode: 2, stdout: "", stderr: "Cannot use it: it is wrong\n" },
    });
    expect(await run(runtime, ["--act", "misset"])).toMatchObject({ exitCode: 2 });
    expect(await run(runtime, [])).toEqual({ exitCode: 1, stdout: "", stderr: "" });
    expect(await run(runtime, ["--atc", "fail"])).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: "Cannot use --atc: there is no such flag; did you mean --act?\n",
    });
  });

  test("shows the stack only when LOG_LEVEL is debug", async () => {
    const { stderr } = await run(runtime, ["--act", "fail"], { LOG_LEVEL: "debug" });
    expect(stderr).toMatch(/^Cannot go on: no reason\nError: Cannot go on: no reason\n +at .*fail/);
  });

  test("shows the help for --help, -h and help, without colours in a pipe", async () => {
    const helps = await Promise.all(
      [["--help"], ["-h"], ["help"]].map((args) => run(runtime, args)),
    );
    expect(new Set(helps.map(({ stdout }) => stdout)).size).toBe(1);
    expect(helps.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual([
      ...[
        [0, ""],
        [0, ""],
        [0, ""],
      ],
    ]);
    const help = helps[0]!.stdout;
    for (const part of ["bun run verify [FLAGS]", "--act ", "EXIT STATUS\n  0  holds\n"]) {
      expect(help).toContain(part);
    }
    expect(help).not.toContain("\u001b");
  });

  test("ends although something would keep the process alive", async () => {
    expect(await run(runtime, ["--act", "linger"])).toEqual({
      ...{ exitCode: 0, stdout: "done\n", stderr: "" },
    });
  });

  test("prints everything before it ends, also to a slow reader", async () => {
    const { exitCode, stdout } = await run(runtime, ["--act", "print"]);
    expect([exitCode, stdout.split("\n").length]).toEqual([0, 20_001]);
    expect(await run(runtime, ["--act", "json"])).toMatchObject({ stdout: '{"a":[1]}\n' });
  });

  test.each(["print", "write"])("is quiet when its reader has enough of %p", async (act) => {
    const process = start(runtime, ["--act", act]);
    const reader = process.stdout.getReader();
    await reader.read();
    await reader.cancel();
    expect([await process.exited, await new Response(process.stderr).text()]).toEqual([0, ""]);
  });

  test("ends with the status of the signal that stopped it", async () => {
    for (const [signal, status] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const) {
      const process = start(runtime, ["--act", "wait"]);
      const reader = process.stdout.getReader();
      await reader.read();
      process.kill(signal);
      expect(await process.exited).toBe(status);
      expect(await new Response(process.stderr).text()).toBe(`Stopped by ${signal}\n`);
    }
  });

  test("takes a signal that comes twice at once, as a Ctrl-C of `bun run` does, for one", async () => {
    const program = start(runtime, ["--act", "finish"]);
    const reader = program.stdout.getReader();
    await reader.read();
    program.kill("SIGINT");
    await reader.read();
    program.kill("SIGINT");
    expect(await program.exited).toBe(0);
  });

  test("ends at once when a second signal comes later", async () => {
    const program = start(runtime, ["--act", "stay"]);
    await program.stdout.getReader().read();
    await until("it has ended", 10_000, async () => {
      program.kill("SIGINT");
      if (program.exitCode === null) throw new Error("it has not");
    });
    expect(program.exitCode).toBe(130);
  });
});
