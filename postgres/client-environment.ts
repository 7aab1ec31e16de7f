/** Environment variables that lead programs with a C driver to PostgreSQL: libpq reads them. */
import { opsPython } from "../scripts/host/folders.ts";
import type { Config } from "../scripts/lib/config.ts";

export function postgresClientEnvironment(config: Config): Record<string, string> {
  const { POSTGRES_SSLMODE: mode, POSTGRES_SSL_CA: authority } = config;
  if (mode !== "verify-full") return { PGSSLMODE: mode };
  return { PGSSLMODE: mode, PGSSLROOTCERT: authority ?? publicCertificates(config) };
}

/** The file with the certificates that this machine trusts. */
function publicCertificates(config: Config): string {
  const code = 'import ssl; print(ssl.get_default_verify_paths().cafile or "")';
  return Bun.spawnSync([opsPython(config), "-c", code])
    .stdout.toString()
    .trim();
}
