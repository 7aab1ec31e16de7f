/**
 * Where Trino is, and which certificate to trust for it. A Trino of this machine makes its own
 * certificate; one that is elsewhere has the certificate that the settings or the public authorities
 * vouch for.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "./config.ts";
import { trustedCertificates } from "./tls.ts";

/** Trino cannot be asked: it is away, does not let us in, or cannot be trusted. */
export class TrinoUnreachable extends Error {
  override name = "TrinoUnreachable";
  /** Whether the same request may succeed a moment later. */
  readonly mayPass: boolean;

  constructor(message: string, { mayPass = false, ...options }: UnreachableOptions = {}) {
    super(message, options);
    this.mayPass = mayPass;
  }
}

interface UnreachableOptions extends ErrorOptions {
  /** @default {false} */
  mayPass?: boolean;
}

/** Address of the coordinator, without a slash at its end. */
export function trinoUrl(config: Config): string {
  return config.TRINO_URL?.replace(/\/+$/, "") ?? localUrl(config, config.TRINO_PORT);
}

/** Address of a node of this machine, from this machine. */
export function localUrl(config: Config, port: number): string {
  const scheme = config.TRINO_SECURED === "true" ? "https" : "http";
  return `${scheme}://${localHost(config)}:${port}`;
}

/** Where this machine reaches its own nodes, in the form of a URL. */
function localHost({ TRINO_BIND_ADDRESS: address }: Config): string {
  if (address === "0.0.0.0") return "127.0.0.1";
  if (address === "::") return "[::1]";
  return address.includes(":") ? `[${address}]` : address;
}

/** File with the certificate that Trino has made for itself on this machine. */
export const generatedCertificate = ({ STATE_DIR }: Config) =>
  join(STATE_DIR, "trino/certificate.pem");

/**
 * File with the certificates to trust for Trino: the one that is set, or the one that this machine
 * has made for itself. Undefined when they are the public ones.
 */
export function trinoAuthority(config: Config): string | undefined {
  if (config.TRINO_TLS_CA) return config.TRINO_TLS_CA;
  const isElsewhere = config.TRINO_URL || config.TRINO_TLS_CERTIFICATE;
  return isElsewhere ? undefined : generatedCertificate(config);
}

/**
 * What `fetch` needs to trust the server of this address by that file; nothing over http.
 * @throws TrinoUnreachable when the file does not exist yet
 */
export function tlsOptions(
  url: string,
  authority: string | undefined,
): { tls?: { ca: string | string[] } } {
  if (!url.startsWith("https:")) return {};
  if (authority && !existsSync(authority)) {
    throw new TrinoUnreachable(
      `Cannot trust Trino at ${new URL(url).origin}: there is no ${authority} yet, which Trino makes when it starts`,
    );
  }
  return {
    tls: { ca: authority ? readFileSync(authority, "utf8") : trustedCertificates(undefined) },
  };
}
