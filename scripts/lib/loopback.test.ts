import { expect, test } from "bun:test";
import { noProxyForLoopback } from "./loopback.ts";

const proxied = { https_proxy: "http://proxy.example:3128" };

test("noProxyForLoopback() adds this machine to what is reached directly when there is a proxy", () => {
  expect(noProxyForLoopback(proxied)).toEqual({
    NO_PROXY: "127.0.0.1,localhost",
    no_proxy: "127.0.0.1,localhost",
  });
  const given = { ...proxied, no_proxy: "intranet.example, localhost" };
  expect(noProxyForLoopback(given).NO_PROXY).toBe("intranet.example,localhost,127.0.0.1");
});

test("noProxyForLoopback() sets nothing when there is no proxy", () => {
  expect(noProxyForLoopback({ NO_PROXY: "intranet.example" })).toEqual({});
});

test("fetch() asks this machine directly when a proxy is set", async () => {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("here") });
  const program = `
    import { noProxyForLoopback } from ${JSON.stringify(`${import.meta.dir}/loopback.ts`)};
    Object.assign(process.env, noProxyForLoopback(process.env));
    console.log(await (await fetch("http://127.0.0.1:${server.port}")).text());`;
  const { NO_PROXY: _1, no_proxy: _2, ...inherited } = process.env;
  const asked = Bun.spawn([process.execPath, "--no-env-file", "-e", program], {
    env: { ...inherited, http_proxy: "http://127.0.0.1:9" },
    stdout: "pipe",
    stderr: "ignore",
  });
  expect(await new Response(asked.stdout).text()).toBe("here\n");
  await server.stop(true);
});
