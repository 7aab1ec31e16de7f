/** The checks of `doctor`: each reports what it found and, where something is wrong, the remedy. */

import { existsSync, readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { environmentFile } from "../../host/environment.ts";
import { findPython } from "../../host/find-python.ts";
import { javaProgram, opsFolder } from "../../host/folders.ts";
import { isFree } from "../../host/free-ports.ts";
import { isOpsInstalled, OPS } from "../../host/ops.ts";
import type { Runtime } from "../../host/runtime.ts";
import type { Finding, Job, PortSetting, Service } from "../../host/service.ts";
import { megabytes } from "../../lib/bytes.ts";
import { type Config, readConfig } from "../../lib/config.ts";
import { roomAt } from "../../lib/disk-room.ts";
import { ConfigError } from "../../lib/errors.ts";
import { DATA_KINDS, roomWarnings } from "../../lib/local-data.ts";
import { isHere } from "../elsewhere.ts";
import { secretsOf } from "../secrets.ts";
import { services } from "../services.ts";
import { aliveNames } from "../supervise/start.ts";

export async function examine(): Promise<Finding[]> {
  const machine = [
    checkBun(),
    checkPython(),
    ...services.flatMap(({ checks }) => checks?.() ?? []),
    checkMemory(),
  ];
  let config: Config;
  try {
    config = readConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [
      ...machine,
      {
        subject: "settings",
        state: "missing",
        found: error.message,
        mend: `edit ${environmentFile()}`,
      },
    ];
  }
  return [
    ...machine,
    checkSecrets(config),
    ...checkCache(config),
    ...["STATE_DIR", "CACHE_DIR"].map((name) => checkDisk(config, name as "STATE_DIR")),
    checkData(config),
    ...(await checkPorts(config)),
  ];
}

const checkBun = (): Finding => ({ subject: "Bun", state: "ok", found: Bun.version });

function checkPython(): Finding {
  const python = findPython();
  return "missing" in python
    ? { subject: "Python", state: "missing", found: python.missing, mend: python.mend }
    : { subject: "Python", state: "ok", found: `${python.version}, ${python.path}` };
}

/** A machine of 8 GB reserves some for itself. */
const MEMORY_BYTES_WISE = 7_000_000_000;

function checkMemory(): Finding {
  const found = `${(totalmem() / 2 ** 30).toFixed(1)} GiB`;
  return totalmem() >= MEMORY_BYTES_WISE
    ? { subject: "memory", state: "ok", found }
    : {
        subject: "memory",
        state: "missing",
        found: `${found}, too little for everything at once`,
        mend: "`bun run up producer consumer worker` counts and shows the page in 1 GB",
      };
}

function checkSecrets(config: Config): Finding {
  const secretNames = Object.keys(secretsOf(config, services));
  const missing = secretNames.filter((name) => !process.env[name]);
  const path = environmentFile();
  return missing.length === 0
    ? { subject: "passwords", state: "ok", found: existsSync(path) ? path : "in the environment" }
    : {
        subject: "passwords",
        state: "later",
        found:
          missing.length === secretNames.length
            ? "none is set yet"
            : `not set: ${missing.join(", ")}`,
        mend: "`bun run up` writes them",
      };
}

function checkCache(config: Config): Finding[] {
  const runtimes = new Set(services.flatMap((service) => service.runtimes));
  return [
    checkJava(config),
    ...[...runtimes].filter(({ folder }) => folder).map((each) => checkRuntime(config, each)),
    ...services.flatMap(({ job }) => (job ? [checkJob(config, job)] : [])),
  ];
}

const INSTALL = "`bun run up` installs it";

function checkJava(config: Config): Finding {
  if (!isOpsInstalled(config)) return checkRuntime(config, OPS);
  if (Bun.spawnSync([javaProgram(config), "-version"]).exitCode === 0) {
    return checkRuntime(config, OPS);
  }
  return {
    subject: OPS.title,
    state: "missing",
    found: "Java does not run",
    mend: `run \`rm -r '${opsFolder(config)}'\`, and \`bun run up\` installs it again`,
  };
}

function checkRuntime(config: Config, runtime: Runtime): Finding {
  const isWhole = runtime.missingBytes(config) === 0;
  const found = runtime.describe?.(config) ?? (isWhole ? runtime.folder!(config) : NOT_WHOLE);
  return isWhole
    ? { subject: runtime.title, state: "ok", found }
    : { subject: runtime.title, state: "later", found, mend: INSTALL };
}

const NOT_WHOLE = "not installed yet, or not whole";

const checkJob = (config: Config, { title, isMissing }: Job): Finding =>
  isMissing(config)
    ? {
        subject: title,
        state: "later",
        found: "not made yet",
        mend: "the next `bun run up` makes it in the background",
      }
    : { subject: title, state: "ok", found: "made" };

function checkDisk(config: Config, setting: "STATE_DIR" | "CACHE_DIR"): Finding {
  const { freeBytes, wiseBytes, state } = roomAt(config[setting]);
  const found = `${megabytes(freeBytes)} free for ${config[setting]}`;
  return state === "enough"
    ? { subject: setting, state: "ok", found }
    : {
        subject: setting,
        state: state === "low" ? "later" : "missing",
        found,
        mend: `free some, or set ${setting} to another disk; ${megabytes(wiseBytes)} are wise`,
      };
}

/** The folders of the data may be on disks of their own. */
function checkData(config: Config): Finding {
  const subject = "data";
  const warnings = roomWarnings(config, DATA_KINDS);
  return warnings.length === 0
    ? { subject, state: "ok", found: "it has room to grow" }
    : { subject, state: "missing", found: warnings.join("; "), mend: "free some of it" };
}

async function checkPorts(config: Config): Promise<Finding[]> {
  const alive = await aliveNames(config);
  const here = services.filter(isHere(config));
  const check = async (service: Service, setting: PortSetting): Promise<Finding> => {
    const subject = setting;
    const port = config[setting];
    if (alive.includes(service.name)) {
      return { subject, state: "ok", found: `${port}, used by our ${service.name}` };
    }
    if (await isFree(port)) return { subject, state: "ok", found: `${port} is free` };
    return {
      subject,
      state: "missing",
      found: `${port} is in use by another program`,
      mend: `set ${setting} to a free port in ${environmentFile()}`,
    };
  };
  return Promise.all(
    here.flatMap((service) => service.ports.map((setting) => check(service, setting))),
  );
}

/** Debian's name and version, for a report that someone else can read. */
export function machineName(): string {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  const name = /^PRETTY_NAME="(.*)"$/m.exec(release)?.[1] ?? process.platform;
  return `${name}, ${process.arch}`;
}
