/** Removes what pulls left behind that nobody came back to. */
import { readIndex } from "./model_index.ts";
import type { StoreFolder } from "./store_folder.ts";

const staleMs = 7 * 24 * 3600 * 1000;

/** Partial downloads, and blobs that no model lists, that have not been written to for seven days. */
export async function removeStale(folder: StoreFolder, now: number = Date.now()): Promise<void> {
  const before = now - staleMs;
  for await (const { name } of Deno.readDir(`${folder.path}/partial`)) {
    if (await newestChange(folder.partial(name)) >= before) continue;
    await Deno.remove(folder.partial(name), { recursive: true }).catch(() => {});
    await Deno.remove(`${folder.path}/locks/${name}`).catch(() => {});
  }
  await using _lock = await folder.lockIndex(); // nobody lists a model in the meantime
  const listed = new Set((await readIndex(folder)).flatMap(({ id, files }) => [id, ...files]));
  for (const kind of ["blobs", "manifests"]) {
    const place = `${folder.path}/${kind}/sha256`;
    for await (const { name } of Deno.readDir(place)) {
      if (listed.has(`sha256:${name}`) || await changeTime(`${place}/${name}`) >= before) continue;
      await Deno.remove(`${place}/${name}`).catch(() => {});
    }
  }
}

/** Unix milliseconds of the last change in a folder, or Infinity when it is being removed. */
async function newestChange(path: string): Promise<number> {
  let newest = await changeTime(path);
  try {
    for await (const { name } of Deno.readDir(path)) {
      newest = Math.max(newest, await changeTime(`${path}/${name}`));
    }
  } catch {
    return Infinity;
  }
  return newest;
}

async function changeTime(path: string): Promise<number> {
  const stat = await Deno.stat(path).catch(() => undefined);
  return stat?.mtime?.getTime() ?? Infinity;
}
