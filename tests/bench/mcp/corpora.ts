/** Ordinary texts of several kinds, without secrets or nearly so: what tools give that are asked for files and data. */
import { randomBytes } from "node:crypto";
import { npmPackage, npmTarball } from "../../support/npm_packages.ts";
import { wheelFolder } from "../../support/packages.ts";

export interface Corpus {
  name: string;
  texts(): AsyncIterable<string>;
}

const openapi = npmTarball(
  "@octokit/openapi",
  "23.0.2",
  "pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg==",
);
const typescript = npmTarball(
  "typescript",
  "5.9.3",
  "jl1vZzPDinLr9eUt3J/t7V6FgNEw9QjvBPdysz9KfQDD41fQrC2Y4vKQdiaUpFT4bXlb1RHhLpp8wtm6M5TgSw==",
);
const awsSdk = npmTarball(
  "aws-sdk",
  "2.1693.0",
  "cJmb8xEnVLT+R6fBS5sn/EFJiX7tUnDaPtOPZ1vFbOJtd0fnZn/Ky2XGgsvvoeliWeH7mL3TWSX5zXXGSQV6gQ==",
);
const botocore = "botocore-1.44.8-py3-none-any.whl";
const numpy = "numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl";

/** Of texts that are made here, characters each. */
const madeLength = 20_000_000;

export const corpora: Corpus[] = [
  { name: "API of GitHub with its examples (@octokit/openapi)", texts: () => inFolder(npmPackage(openapi)) },
  { name: "APIs of AWS with their examples (aws-sdk)", texts: () => inFolder(npmPackage(awsSdk)) },
  { name: "the same in Python (botocore)", texts: () => inFolder(wheelFolder("botocore", botocore)) },
  { name: "a compiler, large and minified (typescript)", texts: () => inFolder(npmPackage(typescript)) },
  { name: "numerics in Python (numpy)", texts: () => inFolder(wheelFolder("numpy", numpy)) },
  { name: "the npm packages of this project", texts: () => inFolder(npmCache()) },
  { name: "this project: code, documents, lock files", texts: () => inFolder(Promise.resolve(repository)) },
  { name: "git: all commits, trees and blobs by name", texts: gitObjects },
  { name: "UUIDs and SHA-256 in JSON", texts: () => made(identifiers) },
  { name: "integrity hashes as in lock files", texts: () => made(integrities) },
  { name: "images in base64", texts: () => made(images) },
];

const repository = new URL("../../../", import.meta.url).pathname;
const skippedFolders = new Set([".git", "dist", "node_modules"]);
const largestFile = 64 * 1024 * 1024;

/** Of every file that is text. */
async function* inFolder(folder: Promise<string>): AsyncGenerator<string> {
  yield* filesBelow(await folder);
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory && !skippedFolders.has(name)) yield* filesBelow(path);
    if (!isFile || (await Deno.stat(path)).size > largestFile) continue;
    const bytes = await Deno.readFile(path);
    if (!bytes.subarray(0, 8192).includes(0)) yield new TextDecoder().decode(bytes);
  }
}

async function npmCache(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).npmCache;
}

async function* gitObjects(): AsyncGenerator<string> {
  for (const args of [["log", "--all", "--format=%H %T %P %an %s"], ["ls-tree", "-r", "-l", "HEAD"]]) {
    const { stdout } = await new Deno.Command("git", { args, cwd: repository }).output();
    yield new TextDecoder().decode(stdout);
  }
}

async function* made(make: () => string): AsyncGenerator<string> {
  for (let length = 0; length < madeLength;) {
    const text = make();
    length += text.length;
    yield text;
    await undefined;
  }
}

function identifiers(): string {
  const rows = Array.from({ length: 500 }, () => ({
    id: crypto.randomUUID(),
    sha256: randomBytes(32).toString("hex"),
    key: randomBytes(16).toString("hex"),
    etag: `"${randomBytes(16).toString("hex")}"`,
    size: randomBytes(4).readUInt32LE(),
  }));
  return JSON.stringify(rows, null, 1);
}

function integrities(): string {
  const rows = Array.from({ length: 500 }, (_, i) => ({
    resolved: `https://registry.npmjs.org/package-${i}/-/package-${i}-1.2.3.tgz`,
    integrity: `sha512-${randomBytes(64).toString("base64")}`,
    shasum: randomBytes(20).toString("hex"),
  }));
  return JSON.stringify(rows, null, 1);
}

function images(): string {
  return JSON.stringify({ src: `data:image/png;base64,${randomBytes(150_000).toString("base64")}` });
}
