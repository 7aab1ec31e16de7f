#!/usr/bin/env bun
/**
 * `bun run test:container`: opens the devcontainer and starts compose.yaml for real, from a copy of
 * this checkout, and removes all of it again. Where no container engine can be started it says so
 * and proves nothing, with status 0.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ArgsDef, defineCommand } from "citty";
import { ROOT, readConfig } from "../scripts/lib/config.ts";
import { runProgram } from "../scripts/lib/program.ts";
import { opsPython } from "../scripts/stack/folders.ts";
import { freePorts } from "../scripts/stack/free-ports.ts";
import { installOps } from "../scripts/stack/install/ops.ts";
import { services } from "../scripts/stack/services.ts";
import { provideBaseImage } from "./container/base-image.ts";
import { copyCheckout } from "./container/checkout.ts";
import { run } from "./container/command.ts";
import { ComposeProject } from "./container/compose.ts";
import { Devcontainer } from "./container/devcontainer.ts";
import { type Engine, openEngine } from "./container/engine.ts";
import { proveCompose } from "./container/prove-compose.ts";
import { proveDevcontainer } from "./container/prove-devcontainer.ts";

const args = {
  only: { type: "string", valueHint: "NAME", description: "devcontainer or compose" },
} satisfies ArgsDef;

const command = defineCommand({
  meta: {
    name: "test:container",
    description: `Opens the devcontainer and starts compose.yaml, in containers, and removes them again.

Needs a container engine that runs, or root, docker.io and mmdebstrap of Debian to start one.
Exit status: 0 all is proved, or nothing could be ("Not run"); 1 something failed.`,
  },
  args,
  async run({ args: { only = "" } }) {
    const work = mkdtempSync(join(tmpdir(), "container-"));
    const engine = await openEngine(join(work, "engine"));
    if ("missing" in engine) return notRun(work, engine.missing);
    try {
      const base = await provideBaseImage(engine, join(work, "base"));
      if ("missing" in base) return notRun(work, base.missing);
      console.log(`Beginning with ${base.how}`);
      if ("devcontainer".includes(only)) await devcontainer(engine, join(work, "opened"));
      if ("compose".includes(only)) await compose(engine, work);
    } finally {
      await engine.close();
      rmSync(work, { recursive: true, force: true });
    }
    console.log("Proved in containers");
  },
});

function notRun(work: string, reason: string): void {
  rmSync(work, { recursive: true, force: true });
  console.log(`Not run: ${reason}. Nothing is proved about containers here.`);
}

async function devcontainer(engine: Engine, checkout: string): Promise<void> {
  await copyCheckout(checkout);
  const opened = new Devcontainer(engine, checkout, await portSettings());
  try {
    await proveDevcontainer(opened);
  } finally {
    await opened.remove();
  }
}

async function compose(engine: Engine, work: string): Promise<void> {
  const checkout = join(work, "composed");
  await copyCheckout(checkout);
  const ports = await portSettings();
  const project = new ComposeProject(engine, await installCompose(work), checkout, ports);
  try {
    await proveCompose(project, Number(ports.WORKER_PORT));
  } finally {
    await project.down();
    await project.removeImage();
  }
}

/** Every port of the platform, where nobody listens now. */
async function portSettings(): Promise<Record<string, string>> {
  const settings = services.flatMap((service) => service.ports);
  const ports = await freePorts(settings.length);
  return Object.fromEntries(settings.map((name, index) => [name, String(ports[index])]));
}

async function installCompose(work: string): Promise<string> {
  const config = readConfig();
  await installOps(config);
  const folder = join(work, "tools");
  const lock = join(ROOT, "tests/container/requirements.lock");
  const options = ["--require-hashes", "--target", folder, "--requirements", lock];
  await run([opsPython(config), "-m", "uv", "pip", "install", ...options]);
  return join(folder, "bin/docker-compose");
}

await runProgram(command);
