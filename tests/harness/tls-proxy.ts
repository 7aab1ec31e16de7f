/**
 * A proxy with TLS in front of a service of this machine. It hands on what Cloudflare's network and
 * `cloudflared` hand on by their documentation: the name that was asked for, whatever headers the
 * visitor sent, and its own about who asked and how.
 */
import { createHash, X509Certificate } from "node:crypto";
import { Authority } from "./certificates.ts";

export interface TlsProxy {
  /** `https://name:port`, as a visitor writes it. */
  origin: string;
  port: number;
  /** SHA-256 of its public key in base64, by which a browser can be told to trust it. */
  keyHash: string;
  /** Certificate of who signed its own, as PEM, for programs that are to trust it. */
  authority: string;
  stop(): Promise<void>;
}

/** @param visitor address that visitors are said to come from */
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
  // It has been unpacked on the way.
  for (const name of ["content-encoding", "content-length"]) answered.delete(name);
  return new Response(response.body, { status: response.status, headers: answered });
}
