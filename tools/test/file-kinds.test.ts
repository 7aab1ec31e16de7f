import { expect, test } from "bun:test";
import { filesOfEachKind, kindsOf } from "./file-kinds.ts";

test("kindsOf() takes a file for a shell script when its first line or its name says so", () => {
  for (const line of ["#!/bin/sh", "#!/usr/bin/env bash", "#! /bin/bash -e"]) {
    expect(kindsOf("scripts/start", line)).toEqual(["shell"]);
  }
  expect(kindsOf("dbt/run", "# shellcheck shell=sh")).toEqual(["shell"]);
  expect(kindsOf("install.sh", "set -eu")).toEqual(["shell"]);
  for (const line of ["#!/usr/bin/env bun", "#!/usr/bin/fish", "# a shell=sh"]) {
    expect(kindsOf("run", line)).toEqual([]);
  }
});

test("kindsOf() gives each kind when a file is of several", () => {
  expect(kindsOf(".github/workflows/ci.yml", "name: ci")).toEqual(["yaml", "workflow"]);
  expect(kindsOf("compose.yaml", "services:")).toEqual(["yaml", "compose"]);
  expect(kindsOf("compose.test.yml", "services:")).toEqual(["yaml", "compose"]);
  expect(kindsOf("workflows/ci.yml", "name: ci")).toEqual(["yaml"]);
});

test("kindsOf() knows a Dockerfile when its name has a part before or behind", () => {
  for (const path of [
    "Dockerfile",
    ".devcontainer/Dockerfile",
    "Dockerfile.test",
    "x.Dockerfile",
  ]) {
    expect(kindsOf(path, "FROM debian")).toEqual(["dockerfile"]);
  }
  expect(kindsOf("Dockerfiles/notes.md", "")).toEqual([]);
});

test("filesOfEachKind() finds the start files and this workflow when they are in the checkout", () => {
  const files = filesOfEachKind();
  expect(files.shell).toContain("scripts/start");
  expect(files.shell).toContain("dbt/run");
  expect(files.workflow).toContain(".github/workflows/ci.yml");
  expect(files.yaml).toContain("dbt/dbt_project.yml");
});
