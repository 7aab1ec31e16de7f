import { expect, test } from "bun:test";
import type { Service } from "../../host/service.ts";
import { services } from "../services.ts";
import { supervisorConf } from "./supervisor-conf.ts";

const program = (name: string) => ({
  ...{ name, secrets: [], memory: { megabytesMax: 1 } },
  launch: () => ({ command: [] }),
});
const service = (name: string, others: Partial<Service> = {}): Service => ({
  ...{ name, title: "", folder: name, needs: [], ports: [], runtimes: [], readyMsMax: 1 },
  programs: [program(name)],
  address: () => undefined,
  probe: async () => {},
  ...others,
});
const sections = (conf: string) => [...conf.matchAll(/^\[(.+)\]$/gm)].map(([, title]) => title);

test("supervisorConf() has a section for each program, and a group for a service of several", () => {
  const several = service("a", { programs: [program("a-one"), program("a-two")] });
  const conf = supervisorConf([several, service("b")]);
  expect(sections(conf).slice(3)).toEqual([
    "group:a",
    "program:a-one",
    "program:a-two",
    "program:b",
  ]);
  expect(conf).toContain("programs=a-one,a-two\n");
  expect(conf).toContain("command=scripts/start a-two\n");
});

test("supervisorConf() stops a program as it declares", () => {
  const conf = supervisorConf([
    service("a", {
      programs: [{ ...program("a"), stopSignal: "INT", stopsChildren: false, stopSecondsMax: 60 }],
    }),
  ]);
  expect(conf).toContain("stopsignal=INT\nstopwaitsecs=60\nstopasgroup=false\n");
});

test("supervisorConf() neither starts a job with the rest nor starts it again", () => {
  const [first] = services;
  const conf = supervisorConf([first!]);
  const job = conf.slice(conf.indexOf(`[program:${first!.job!.program.name}]`));
  expect(job).toContain("autostart=false\n");
  expect(job).toContain("autorestart=false\n");
});
