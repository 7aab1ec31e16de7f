/**
 * The container engine of the test: the one of this machine, or one that the test starts. The
 * latter has no firewall to manage, so a build or an installation uses the machine's own network to
 * reach the outside.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../scripts/lib/wait.ts";
import type { Environment } from "../../tests/harness/script.ts";
import { attempt, run } from "../process.ts";
import { CannotProve } from "./cannot-prove.ts";

const READY_MS_MAX = 60_000;

export interface Engine {
  environment: Environment;
  /** Whether its containers reach the outside only through the machine's own network. */
  isHandMade: boolean;
  close(): Promise<void>;
}

/**
 * The address of a unix socket is short, so the folder's path has to be.
 * @throws CannotProve where none runs and none can be started
 */
export async function openEngine(folder: string): Promise<Engine> {
  if (!Bun.which("docker")) throw new CannotProve("there is no `docker` (Debian: docker.io)");
  if ((await attempt(["docker", "info"])).exitCode === 0) {
    return { environment: {}, isHandMade: false, close: async () => {} };
  }
  if (process.getuid?.() !== 0) {
    throw new CannotProve("no engine answers, and only root can start one");
  }
  if (!Bun.which("dockerd")) throw new CannotProve("there is no `dockerd` (Debian: docker.io)");
  return start(folder);
}

async function start(folder: string): Promise<Engine> {
  for (const name of ["root", "exec"]) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, "daemon.json"), "{}");
  const log = join(folder, "log");
  const daemon = Bun.spawn(
    [
      // In a session of its own: Ctrl-C must not end it before its containers are removed.
      ...["setsid", "dockerd", `--config-file=${folder}/daemon.json`, `--data-root=${folder}/root`],
      ...[
        `--exec-root=${folder}/exec`,
        `--pidfile=${folder}/pid`,
        `--host=unix://${folder}/socket`,
      ],
      ...["--storage-driver=overlay2", "--iptables=false", "--ip6tables=false"],
      ...["--ip-forward=false", "--ip-masq=false", "--bridge=none"],
      "--exec-opt=native.cgroupdriver=cgroupfs",
    ],
    { stdin: "ignore", stdout: Bun.file(log), stderr: Bun.file(log) },
  );
  // This builder needs no plug-in; without it, builds would need a bridge.
  const environment = { DOCKER_BUILDKIT: "0", DOCKER_HOST: `unix://${folder}/socket` };
  const close = async () => {
    daemon.kill();
    await daemon.exited;
    await attempt(["umount", join(folder, "exec/netns/default")]);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until("the engine answers", READY_MS_MAX, () => run(["docker", "info"], { environment }));
    return { environment, isHandMade: true, close };
  } catch (error) {
    const [last] = (await Bun.file(log).text()).trim().split("\n").slice(-1);
    await close();
    throw new CannotProve(`${(error as Error).message.split("\n")[0]}: ${last}`);
  }
}
