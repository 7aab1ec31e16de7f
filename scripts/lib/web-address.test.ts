import { expect, test } from "bun:test";
import { webAddress } from "./web-address.ts";

const codespace = {
  CODESPACE_NAME: "fluffy-barnacle-7q",
  GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN: "app.github.dev",
};

test("webAddress() names the forwarded port when it runs in a codespace", () => {
  expect(webAddress(codespace, 8088)).toBe("https://fluffy-barnacle-7q-8088.app.github.dev");
});

test("webAddress() stays on this machine when nothing or half is known of a codespace", () => {
  const none = { CODESPACE_NAME: undefined, GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN: undefined };
  expect(webAddress(none, 8088)).toBe("http://127.0.0.1:8088");
  expect(webAddress({ ...none, CODESPACE_NAME: "x" }, 8088)).toBe("http://127.0.0.1:8088");
  expect(webAddress(none, 8083, "https://127.0.0.1:8083")).toBe("https://127.0.0.1:8083");
});
