/** `--watch`: word of changes of the files that a configuration was read from. */

/** Editors and tools write in several steps. */
const settleMs = 300;

/**
 * Calls `changed` when files have changed and then stood still; one call at a time, and once more for what
 * happened meanwhile. Folders are watched, since files are replaced by renaming; for a folder that is not there
 * the nearest one above it that is. `readAt`: when the files were read, in ms since the epoch; what has been
 * written since is a change, too. Ends with the signal.
 */
export async function watchFiles(
  files: () => string[],
  changed: () => Promise<void>,
  signal: AbortSignal,
  readAt: number,
): Promise<void> {
  let before: string | undefined;
  while (!signal.aborted) {
    const place = await placeOf(files());
    const watcher = Deno.watchFs(place.folders, { recursive: false });
    const close = () => closeQuietly(watcher);
    signal.addEventListener("abort", close, { once: true });
    const timing = debounced(async () => {
      await changed();
      if ((await placeOf(files())).key !== place.key) close(); // others are to be watched from here on
    });
    // Folders have come or gone: what was written into them before they were watched is seen now.
    const isMissed = before === undefined ? await writtenSince(files(), readAt) : before !== place.key;
    if (isMissed || (await placeOf(files())).key !== place.key) timing.event();
    before = place.key;
    try {
      for await (const { paths, kind } of watcher) {
        if (kind !== "access" && paths.some((path) => place.concerns(path))) timing.event();
      }
    } finally {
      signal.removeEventListener("abort", close);
      await timing.end();
    }
  }
}

interface WatchedPlace {
  folders: string[];
  /** Tells places apart. */
  key: string;
  /** Whether a path is one of the files, or a folder on the way to one. */
  concerns(path: string): boolean;
}

async function writtenSince(files: string[], time: number): Promise<boolean> {
  const times = await Promise.all(
    files.map((file) => Deno.stat(file).then(({ mtime }) => mtime?.getTime() ?? 0, () => 0)),
  );
  return times.some((one) => one >= time);
}

/** The system names files by their real paths, so folders are resolved. */
async function placeOf(files: string[]): Promise<WatchedPlace> {
  const folders = new Set<string>();
  const wanted = new Set<string>();
  for (const file of files) {
    const { folder, rest } = await nearest(file);
    folders.add(folder);
    wanted.add(folder === "/" ? `/${rest[0]}` : `${folder}/${rest[0]}`);
  }
  const all = [...folders].sort();
  return { folders: all, key: all.join("\n"), concerns: (path) => wanted.has(path) };
}

/** The nearest folder above a file that is there, and the names below it. */
async function nearest(file: string): Promise<{ folder: string; rest: string[] }> {
  const names = file.split("/");
  const rest = [names.pop()!];
  for (;;) {
    try {
      const folder = await Deno.realPath(names.join("/") || "/");
      if ((await Deno.stat(folder)).isDirectory) return { folder, rest };
    } catch { /* it is not there; the one above it may be */ }
    rest.unshift(names.pop()!);
  }
}

/** Runs `work` when events have stopped for a while. */
function debounced(work: () => Promise<void>): { event(): void; end(): Promise<void> } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = Promise.resolve();
  return {
    event() {
      clearTimeout(timer);
      timer = setTimeout(() => running = running.then(work).catch(() => {}), settleMs);
    },
    end() {
      clearTimeout(timer);
      return running;
    },
  };
}

function closeQuietly(watcher: Deno.FsWatcher): void {
  try {
    watcher.close();
  } catch { /* it has ended */ }
}
