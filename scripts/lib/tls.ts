/**
 * What the programs know of certificates: which they trust, and why a server's was refused.
 * Servers whose certificate does not fit are never talked to, since their answers could be anyone's.
 */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { getCACertificates } from "node:tls";

/** Why a file cannot say whom to trust, or undefined when it can. */
export function certificateFault(path: string): string | undefined {
  try {
    new X509Certificate(readFileSync(path));
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return "there is no such file";
    if (/^E[A-Z]+$/.test(code ?? "")) return `it cannot be read (${code})`;
    return "it holds no certificate in PEM format";
  }
}

/**
 * The certificates to trust: those of the file, else those of the public authorities and of this
 * machine. The runtimes leave out the machine's own unless they are asked for them.
 */
export function trustedCertificates(path: string | undefined): string[] {
  if (path !== undefined) return [readFileSync(path, "utf8")];
  return [...new Set([...getCACertificates("default"), ...getCACertificates("system")])];
}

/** Codes of OpenSSL and Node.js for a certificate that does not lead to a trusted one. */
const UNTRUSTED = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

/** What is wrong with a server's certificate: its host, its authority, or nothing. */
export function certificateRefusal(error: unknown): "host" | "authority" | undefined {
  const code = String((error as { code?: unknown })?.code);
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "host";
  return UNTRUSTED.test(code) ? "authority" : undefined;
}
