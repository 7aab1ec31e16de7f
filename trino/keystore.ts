/**
 * The self-signed certificate of Trino when no other is set, for the names of this machine.
 * Programs here trust only this one.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { isIP } from "node:net";
import { dirname, join } from "node:path";
import { javaProgram, makePrivateFolder } from "../scripts/host/folders.ts";
import type { Config } from "../scripts/lib/config.ts";
import { generatedCertificate } from "../scripts/lib/trino-address.ts";

const VALID_DAYS = 3_650;

/**
 * Path of the key store, locked with the shared secret. A change of the secret or the names makes a
 * new one.
 */
export function makeKeystore(config: Config): string {
  const names = [
    "localhost",
    "127.0.0.1",
    config.TRINO_BIND_ADDRESS,
    ...(config.TRINO_TLS_NAMES?.split(",") ?? []),
  ];
  const certificate = generatedCertificate(config);
  const folder = makePrivateFolder(dirname(certificate));
  const hash = createHash("sha256").update(JSON.stringify([names, config.TRINO_SHARED_SECRET]));
  const path = join(folder, `keystore-${hash.digest("hex").slice(0, 12)}.p12`);
  if (existsSync(path) && existsSync(certificate)) return path;
  for (const name of readdirSync(folder)) {
    if (/^keystore-.*\.p12/.test(name)) rmSync(join(folder, name));
  }
  const store = (file: string) => [
    ...["-alias", "trino", "-storetype", "PKCS12", "-keystore", file],
    ...["-storepass:env", "TRINO_SHARED_SECRET"],
  ];
  const draft = `${path}.${process.pid}`;
  keytool(
    config,
    "-genkeypair",
    ...store(draft),
    ...[
      ...["-keyalg", "EC", "-groupname", "secp256r1", "-validity", String(VALID_DAYS)],
      ...["-dname", "CN=Trino of the real-time data platform"],
      ...["-ext", `SAN=${[...new Set(names)].map(subjectName).join(",")}`],
    ],
  );
  keytool(config, "-exportcert", "-rfc", ...store(draft), "-file", `${certificate}.${process.pid}`);
  renameSync(`${certificate}.${process.pid}`, certificate);
  renameSync(draft, path);
  return path;
}

const subjectName = (name: string) => (isIP(name) ? `ip:${name}` : `dns:${name}`);

function keytool(config: Config, ...words: string[]): void {
  const program = join(dirname(javaProgram(config)), "keytool");
  const env = { TRINO_SHARED_SECRET: config.TRINO_SHARED_SECRET ?? "" };
  const { exitCode, stdout, stderr } = Bun.spawnSync([program, ...words], { env });
  if (exitCode !== 0) {
    throw new Error(`Cannot make a certificate for Trino: ${`${stdout}${stderr}`.trim()}`);
  }
}
