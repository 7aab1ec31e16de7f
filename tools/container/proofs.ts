/** Each proof by its name, from a bare engine to an empty one. */
import { join } from "node:path";
import { opsPython } from "../../scripts/host/folders.ts";
import { OPS } from "../../scripts/host/ops.ts";
import { ROOT, readConfig } from "../../scripts/lib/config.ts";
import { portSettings } from "../../tests/harness/stack.ts";
import { run } from "../process.ts";
import { BareMachine } from "./bare-machine.ts";
import { bareMachineTable } from "./bare-machine-table.ts";
import { baseOfDockerfile, provideBaseImage } from "./base-image.ts";
import { copyCheckout } from "./checkout.ts";
import { ComposeProject } from "./compose.ts";
import { Devcontainer } from "./devcontainer.ts";
import type { Engine } from "./engine.ts";
import { type BareMachineResult, proveBareMachine } from "./prove-bare-machine.ts";
import { proveCompose } from "./prove-compose.ts";
import { proveDevcontainer } from "./prove-devcontainer.ts";
import { Interrupted } from "./step.ts";

/**
 * Releases of Debian with the README's requirements. The second start does not depend on the
 * release, so only the first release proves it.
 */
const SUITES = ["trixie", "bookworm"];

interface Rig {
  engine: Engine;
  /** A folder that is removed afterwards. */
  work: string;
  /**
   * Volumes with the installations of bare machines, removed afterwards. The devcontainer begins
   * with one. The bare machine, with less, and compose, in the same image, prove an installation
   * from nothing.
   */
  caches: string[];
}

/** Returns what it measured. */
type Proof = (rig: Rig) => Promise<unknown>;

/** In this order. */
export const proofs: Record<string, Proof> = {
  "bare-machine": bareMachines,
  devcontainer,
  compose,
};

async function devcontainer({ engine, work, caches: [cache] }: Rig): Promise<void> {
  await provideBaseImage(engine, baseOfDockerfile(), work);
  const checkout = join(work, "opened");
  await copyCheckout(checkout);
  const opened = new Devcontainer(engine, checkout, await portSettings(), cache);
  try {
    await proveDevcontainer(opened);
  } catch (error) {
    if (!(error instanceof Interrupted)) console.error(await opened.startLog());
    throw error;
  } finally {
    await opened.remove();
  }
}

async function compose({ engine, work }: Rig): Promise<void> {
  await provideBaseImage(engine, baseOfDockerfile(), work);
  const checkout = join(work, "composed");
  await copyCheckout(checkout);
  const ports = await portSettings();
  const project = new ComposeProject(engine, await installCompose(work), checkout, ports);
  try {
    await proveCompose(project, Number(ports.WORKER_PORT));
  } catch (error) {
    if (!(error instanceof Interrupted)) console.error(await project.lastLogs());
    throw error;
  } finally {
    await project.down();
    await project.removeImage();
  }
}

async function bareMachines({ engine, work, caches }: Rig): Promise<BareMachineResult[]> {
  const results: BareMachineResult[] = [];
  for (const [index, suite] of SUITES.entries()) {
    const base = `debian:${suite}-slim`;
    await provideBaseImage(engine, base, work);
    const machine = new BareMachine(engine, suite, await portSettings());
    caches.push(machine.cache);
    try {
      const options = { folder: join(work, suite), isStartedAgain: index === 0 };
      results.push(await proveBareMachine(machine, base, options));
    } finally {
      await machine.remove();
    }
  }
  console.log(bareMachineTable(results));
  return results;
}

async function installCompose(work: string): Promise<string> {
  const config = readConfig();
  await OPS.install(config);
  const folder = join(work, "tools");
  const lock = join(ROOT, "tools/container/requirements.lock");
  const options = ["--require-hashes", "--target", folder, "--requirements", lock];
  await run([opsPython(config), "-m", "uv", "pip", "install", ...options]);
  return join(folder, "bin/docker-compose");
}
