/**
 * The bare Debian of an image. Where no registry of images answers, Debian's own packages make one
 * of the same name, which trusts the certificates of this machine.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/config.ts";
import { attempt, run } from "../process.ts";
import { CannotProve } from "./cannot-prove.ts";
import type { Engine } from "./engine.ts";
import { step } from "./step.ts";

const OWN_CERTIFICATES = "/usr/local/share/ca-certificates";
const BUNDLE = "/etc/ssl/certs/ca-certificates.crt";
/** Settings by which pip, curl, npm and others find the machine's certificates. */
const READ_BY = [
  ...["SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"],
  ...["NODE_EXTRA_CA_CERTS", "NPM_CONFIG_CAFILE"],
];

/** dpkg's settings in the slim images: no protection from power cuts, no manuals, one language. */
const AS_IN_SLIM = [
  "force-unsafe-io",
  ...["doc", "man", "locale", "info"].map((name) => `path-exclude=/usr/share/${name}/*`),
];

/** The first image of the devcontainer's Dockerfile. */
export function baseOfDockerfile(): string {
  const dockerfile = readFileSync(join(ROOT, ".devcontainer/Dockerfile"), "utf8");
  return /^FROM (\S+)/m.exec(dockerfile)![1]!;
}

/**
 * Provides an image such as `debian:trixie-slim`.
 * @throws CannotProve where it can be neither pulled nor made
 */
export async function provideBaseImage(
  { environment }: Engine,
  name: string,
  work: string,
): Promise<void> {
  if ((await attempt(["docker", "pull", name], { environment })).exitCode === 0) return;
  if ((await attempt(["docker", "image", "inspect", name], { environment })).exitCode === 0) return;
  if (!Bun.which("mmdebstrap")) {
    throw new CannotProve(`${name} cannot be pulled, and there is no \`mmdebstrap\` to make it`);
  }
  const suite = /:(\w+)/.exec(name)![1]!;
  await step(`${name} is made of Debian's packages`, async () => {
    const folder = join(work, `base-${suite}`);
    mkdirSync(folder, { recursive: true });
    const archive = join(folder, "base.tar");
    await run([
      ...["mmdebstrap", "--variant=minbase", "--include=ca-certificates"],
      ...AS_IN_SLIM.map((option) => `--dpkgopt=${option}`),
      ...[suite, archive],
    ]);
    await run(["docker", "import", archive, "bare"], { environment });
    await trustWhatThisMachineTrusts(folder, name, environment);
  });
}

async function trustWhatThisMachineTrusts(
  folder: string,
  name: string,
  environment: Engine["environment"],
): Promise<void> {
  const context = join(folder, "context");
  mkdirSync(join(context, "certificates"), { recursive: true });
  if (existsSync(OWN_CERTIFICATES)) {
    for (const file of readdirSync(OWN_CERTIFICATES)) {
      cpSync(join(OWN_CERTIFICATES, file), join(context, "certificates", file), {
        recursive: true,
        dereference: true,
      });
    }
  }
  const lines = [
    "FROM bare",
    `COPY certificates ${OWN_CERTIFICATES}`,
    "RUN update-ca-certificates",
    `ENV ${READ_BY.map((setting) => `${setting}=${BUNDLE}`).join(" ")}`,
  ];
  writeFileSync(join(context, "Dockerfile"), `${lines.join("\n")}\n`);
  await run(["docker", "build", "--tag", name, context], { environment });
}
