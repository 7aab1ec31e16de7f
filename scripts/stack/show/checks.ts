/** What `doctor` looks at: each check says what it found and, where it is not well, what mends it. */

import { existsSync, readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { kafkaJars, missingKafkaJars } from "../../../kafka/install.ts";
import { postgresPrograms } from "../../../postgres/install.ts";
import { missingTrinoBytes } from "../../../trino/install.ts";
import { environmentFile, secretNames } from "../../host/environment.ts";
import { findPython } from "../../host/find-python.ts";
import { javaProgram, opsFolder, pythonFolder, trinoFolder } from "../../host/folders.ts";
import { isFree } from "../../host/free-ports.ts";
import { isOpsInstalled, OPS_BYTES } from "../../host/ops.ts";
import { megabytes } from "../../host/progress.ts";
import { isPythonInstalled, pythonTitle } from "../../host/python.ts";
import { type Config, readConfig } from "../../lib/config.ts";
import { ConfigError } from "../../lib/errors.ts";
import { freeBytes } from "../install/install.ts";
import { type Service, services } from "../services.ts";
import { isArchiveMissing } from "../supervise/kafka-archive.ts";
import { aliveNames } from "../supervise/start.ts";

export interface Finding {
  subject: string;
  /** `later` is what the next `up` brings by itself. */
  state: "ok" | "later" | "missing";
  found: string;
  mend?: string;
}

const DISK_BYTES_WISE = 10_000_000_000;

export async function examine(): Promise<Finding[]> {
  const machine = [checkBun(), checkPython(), checkPostgres(), checkUser(), checkMemory()];
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
    checkSecrets(),
    ...checkCache(config),
    ...["STATE_DIR", "CACHE_DIR"].map((name) => checkDisk(config, name as "STATE_DIR")),
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

function checkPostgres(): Finding {
  const subject = "PostgreSQL";
  try {
    const asked = Bun.spawnSync([`${postgresPrograms()}/postgres`, "--version"]);
    if (asked.exitCode === 0) {
      return { subject, state: "ok", found: asked.stdout.toString().trim().split(" ").at(-1)! };
    }
    const library = /lib[\w+.-]+/.exec(asked.stderr.toString())?.[0] ?? "a library";
    return {
      subject,
      state: "missing",
      found: `it does not run: ${asked.stderr.toString().trim()}`,
      mend: `install the package with ${library}, on Debian \`apt-get install libstdc++6\``,
    };
  } catch (error) {
    return {
      subject,
      state: "missing",
      found: (error as Error).message,
      mend: "run `bun install`",
    };
  }
}

/** PostgreSQL refuses root, so root needs a way to be somebody else. */
function checkUser(): Finding {
  const subject = "user";
  if (process.getuid?.() !== 0) return { subject, state: "ok", found: "not root" };
  const ways = [
    ["unshare", "--user", "--map-user=1000", "--", "true"],
    ["setpriv", "--reuid=65534", "--clear-groups", "true"],
  ];
  const way = ways.find((command) => {
    return Bun.which(command[0]!) && Bun.spawnSync(command, { stderr: "ignore" }).exitCode === 0;
  });
  return way
    ? { subject, state: "ok", found: `root; PostgreSQL gives up its rights by ${way[0]}` }
    : {
        subject,
        state: "missing",
        found: "root, and neither unshare nor setpriv can give up root's rights for PostgreSQL",
        mend: "run as another user",
      };
}

/** A machine of 8 GB keeps some for itself. */
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

function checkSecrets(): Finding {
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
  const mend = "`bun run up` fetches it";
  const jars = missingKafkaJars(config);
  const runsJava =
    isOpsInstalled(config) && Bun.spawnSync([javaProgram(config), "-version"]).exitCode === 0;
  const java: Finding = runsJava
    ? { subject: "Java and supervisor", state: "ok", found: opsFolder(config) }
    : isOpsInstalled(config)
      ? {
          subject: "Java and supervisor",
          state: "missing",
          found: "Java does not run",
          mend: `run \`rm -r '${opsFolder(config)}'\`, and \`bun run up\` fetches it again`,
        }
      : { subject: "Java and supervisor", state: "later", found: "not fetched yet", mend };
  const kafka: Finding = {
    subject: "Kafka",
    state: jars.length === 0 ? "ok" : "later",
    found: `${kafkaJars().length - jars.length} of ${kafkaJars().length} jars are whole`,
    ...(jars.length > 0 && { mend }),
  };
  const archive: Finding = isArchiveMissing(config)
    ? {
        subject: "fast start of Kafka",
        state: "later",
        found: "its archive is not made yet",
        mend: "the next `bun run up` makes it in the background",
      }
    : { subject: "fast start of Kafka", state: "ok", found: "its archive is made" };
  const trino: Finding =
    missingTrinoBytes(config) === 0
      ? { subject: "Trino", state: "ok", found: trinoFolder(config) }
      : { subject: "Trino", state: "later", found: "not fetched yet, or not whole", mend };
  const pythons = (["airflow", "dbt", "superset"] as const).map((name): Finding => {
    const subject = pythonTitle(name);
    return isPythonInstalled(config, name)
      ? { subject, state: "ok", found: pythonFolder(config, name) }
      : { subject, state: "later", found: "not fetched yet", mend };
  });
  return [java, kafka, archive, trino, ...pythons];
}

function checkDisk(config: Config, setting: "STATE_DIR" | "CACHE_DIR"): Finding {
  const free = freeBytes(config[setting]);
  const found = `${megabytes(free)} free for ${config[setting]}`;
  return free > Math.max(OPS_BYTES, DISK_BYTES_WISE)
    ? { subject: setting, state: "ok", found }
    : {
        subject: setting,
        state: free > OPS_BYTES ? "later" : "missing",
        found,
        mend: `free some, or set ${setting} to another disk; ${megabytes(DISK_BYTES_WISE)} are comfortable`,
      };
}

async function checkPorts(config: Config): Promise<Finding[]> {
  const alive = await aliveNames(config);
  const check = async (service: Service, setting: Service["ports"][number]): Promise<Finding> => {
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
    services.flatMap((service) => service.ports.map((setting) => check(service, setting))),
  );
}

/** Debian's name and version, for a report that someone else can read. */
export function machineName(): string {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  const name = /^PRETTY_NAME="(.*)"$/m.exec(release)?.[1] ?? process.platform;
  return `${name}, ${process.arch}`;
}
