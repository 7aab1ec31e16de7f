/**
 * A proxy with TLS in front of a service of this machine. By their documentation, Cloudflare's network
 * and `cloudflared` forward the requested name and all headers of the visitor, and add headers about
 * the visitor. This proxy does the same.
 */
import { createHash, X509Certificate } from "node:crypto";
import { Authority } from "./certificates.ts";

export interface TlsProxy {
  /** `https://name:port`, as a visitor writes it. */
  origin: string;
  port: number;
  /** SHA-256 of its public key in base64, with which a browser can be told to trust it. */
  keyHash: string;
  /** Certificate of its authority, as PEM, for programs that must trust it. */
  authority: string;
  stop(): Promise<void>;
}

/** @param visitor the address that visitors appear to have */
export function startTlsProxy(name: string, targetPort: number, visitor: string): TlsProxy {
  const authority = new Authority("Proxy of the tests");
  const { certificate, key } = authority.issue(name);
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 120,
    tls: { cert: certificate, key },
    fetch: (request) => forward(request, targetPort, visitor),
  });
  return {
    origin: `https://${name}:${server.port}`,
    port: server.port!,
    keyHash: hashOfKey(certificate),
    authority: authority.certificate,
    stop: () => server.stop(true),
  };
}

function hashOfKey(certificate: string): string {
  const key = new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(key).digest("base64");
}

async function forward(request: Request, targetPort: number, visitor: string): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  const claimed = headers.get("x-forwarded-for");
  headers.set("x-forwarded-for", claimed ? `${claimed},${visitor}` : visitor);
  headers.set("x-forwarded-proto", "https");
  headers.set("cf-connecting-ip", visitor);
  headers.set("cf-ray", "9a4c1d2e3f405162-FRA");
  headers.set("cf-visitor", '{"scheme":"https"}');
  headers.set("cdn-loop", "cloudflare; loops=1");
  const response = await fetch(`http://127.0.0.1:${targetPort}${pathname}${search}`, {
    method: request.method,
    headers,
    ...(request.body && { body: await request.arrayBuffer() }),
    redirect: "manual",
  });
  const answered = new Headers(response.headers);
  // The body has already been unpacked.
  for (const name of ["content-encoding", "content-length"]) answered.delete(name);
  return new Response(response.body, { status: response.status, headers: answered });
}
