/** The rate limit for each client. Cloudflare counts its requests in each data centre. */
import type { MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import { reportOutages } from "./outage.ts";

interface Limiter {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** On a developer's machine no header names the client, and there is no limit. */
export function limitClients(limiter: Limiter | undefined, refuse: MiddlewareHandler) {
  const count = reportOutages(
    "count the requests of clients",
    async (client: string) => limiter?.limit({ key: client }),
    console,
  );
  return createMiddleware(async (context, next) => {
    const address = context.req.header("cf-connecting-ip");
    if (!address) return next();
    // Responses come from a cache and cost little: when counting fails, nobody is refused.
    const counted = await count(clientOf(address)).catch(() => undefined);
    return counted?.success === false ? refuse(context, next) : next();
  });
}

/** An IPv6 client has a whole /64 network of addresses, which the first four groups name. */
function clientOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const first = head.split(":").filter(Boolean);
  const last = tail?.split(":").filter(Boolean) ?? [];
  const zeros =
    tail === undefined ? [] : Array(Math.max(0, 8 - first.length - last.length)).fill("0");
  return [...first, ...zeros, ...last].slice(0, 4).join(":");
}
