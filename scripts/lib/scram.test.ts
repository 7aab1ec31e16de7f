import { expect, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import { scramVerifier } from "./scram.ts";

/** The exchange that RFC 7677 gives as its example. */
const EXAMPLE = {
  password: "pencil",
  salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
  clientProof: "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  serverSignature: "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  messages: [
    "n=user,r=rOprNGfwEbeRWgbNEkqO",
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  ].join(","),
};

test("scramVerifier() proves the exchange of RFC 7677 when it is made from its password", () => {
  const verifier = scramVerifier(EXAMPLE.password, Buffer.from(EXAMPLE.salt, "base64"), 4096);
  const parts = /^SCRAM-SHA-256\$4096:([^$]+)\$([^:]+):(.+)$/.exec(verifier);
  const [, salt, storedKeyText, serverKeyText] = parts!;
  expect(salt).toBe(EXAMPLE.salt);

  const serverKey = Buffer.from(serverKeyText!, "base64");
  const serverSignature = createHmac("sha256", serverKey).update(EXAMPLE.messages).digest("base64");
  expect(serverSignature).toBe(EXAMPLE.serverSignature);

  const storedKey = Buffer.from(storedKeyText!, "base64");
  const clientSignature = createHmac("sha256", storedKey).update(EXAMPLE.messages).digest();
  const proof = Buffer.from(EXAMPLE.clientProof, "base64");
  const clientKey = proof.map((byte, index) => byte ^ clientSignature[index]!);
  expect(createHash("sha256").update(clientKey).digest("base64")).toBe(storedKeyText!);
});

test("scramVerifier() differs from time to time when no salt is given", () => {
  expect(scramVerifier("pencil")).not.toBe(scramVerifier("pencil"));
});

test("scramVerifier() refuses a password when it would have to be normalised", () => {
  expect(() => scramVerifier("pässword")).toThrow("only printable ASCII");
});
