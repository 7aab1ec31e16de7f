/**
 * Makes Trino's archive of loaded classes: a scratch coordinator starts and answers a query. The
 * supervisor runs this once, in the background.
 */
import { randomBytes } from "node:crypto";
import { asEnvironment } from "../scripts/host/environment.ts";
import { runFile } from "../scripts/host/folders.ts";
import { freePorts } from "../scripts/host/free-ports.ts";
import { javaArchive, makeArchive } from "../scripts/host/java-archive.ts";
import { readConfig } from "../scripts/lib/config.ts";
import { TRINO } from "./install.ts";
import { prepareNode } from "./prepare.ts";
import { answersTrino } from "./probe.ts";
import { launchNode } from "./start.ts";

const config = readConfig();
const [port] = await freePorts(1);
// Nobody else needs to know it, and it opens nothing.
const secret = randomBytes(32).toString("hex");
const secrets = { TRINO_SHARED_SECRET: secret, POSTGRES_READ_PASSWORD: secret };
const scratch = readConfig({
  ...asEnvironment(config),
  STATE_DIR: runFile(config, "trino-archive"),
  TRINO_PORT: String(port),
  TRINO_BIND_ADDRESS: "127.0.0.1",
  TRINO_SECURED: "false",
  ...secrets,
});
await makeArchive(javaArchive(TRINO.folder(config)), {
  folder: scratch.STATE_DIR,
  async launch(output) {
    await prepareNode(scratch, "coordinator");
    return { ...launchNode(scratch, "coordinator", output), environment: secrets };
  },
  answers: () => answersTrino(scratch),
});
