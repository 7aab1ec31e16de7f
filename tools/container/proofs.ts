/** Each proof by its name, from a bare engine to nothing left. */
import { join } from "node:path";
import { opsPython } from "../../scripts/host/folders.ts";
import { installOps } from "../../scripts/host/ops.ts";
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

/** Releases of Debian that bring what the README asks for. */
const SUITES = ["trixie", "bookworm"];

/** Returns what it measured. `work` is a folder that is removed afterwards. */
type Proof = (engine: Engine, work: string) => Promise<unknown>;

export const proofs: Record<string, Proof> = {
  devcontainer,
  compose,
  "bare-machine": bareMachines,
};

async function devcontainer(engine: Engine, work: string): Promise<void> {
  await provideBaseImage(engine, baseOfDockerfile(), work);
  const checkout = join(work, "opened");
  await copyCheckout(checkout);
  const opened = new Devcontainer(engine, checkout, await portSettings());
  try {
    await proveDevcontainer(opened);
  } catch (error) {
    if (!(error instanceof Interrupted)) console.error(await opened.startLog());
    throw error;
  } finally {
    await opened.remove();
  }
}

async function compose(engine: Engine, work: string): Promise<void> {
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

async function bareMachines(engine: Engine, work: string): Promise<BareMachineResult[]> {
  const results: BareMachineResult[] = [];
  for (const suite of SUITES) {
    const base = `debian:${suite}-slim`;
    await provideBaseImage(engine, base, work);
    const machine = new BareMachine(engine, suite, await portSettings());
    try {
      results.push(await proveBareMachine(machine, base, join(work, suite)));
    } finally {
      await machine.remove();
    }
  }
  console.log(bareMachineTable(results));
  return results;
}

async function installCompose(work: string): Promise<string> {
  const config = readConfig();
  await installOps(config);
  const folder = join(work, "tools");
  const lock = join(ROOT, "tools/container/requirements.lock");
  const options = ["--require-hashes", "--target", folder, "--requirements", lock];
  await run([opsPython(config), "-m", "uv", "pip", "install", ...options]);
  return join(folder, "bin/docker-compose");
}
