/** `--watch`: word of changes of the files that a configuration was read from. */

/** Editors and tools write in several steps. */
const settleMs = 300;

/**
 * Calls `changed` when files have changed and then stood still; one call at a time, and once more for what
 * happened meanwhile. Folders are watched, since files are replaced by renaming. Ends with the signal.
 */
export async function watchFiles(
  files: () => string[],
  changed: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const folders = await existingFolders(files());
    if (folders.length === 0) return;
    const watcher = Deno.watchFs(folders, { recursive: false });
    const close = () => closeQuietly(watcher);
    signal.addEventListener("abort", close, { once: true });
    const timing = debounced(async () => {
      await changed();
      const now = await existingFolders(files());
      if (now.join("\n") !== folders.join("\n")) close(); // others are to be watched from here on
    });
    try {
      for await (const { paths, kind } of watcher) {
        const watched = files();
        if (kind !== "access" && paths.some((path) => watched.includes(path))) timing.event();
      }
    } finally {
      signal.removeEventListener("abort", close);
      await timing.end();
    }
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

async function existingFolders(files: string[]): Promise<string[]> {
  const folders = new Set(files.map((file) => file.slice(0, file.lastIndexOf("/")) || "/"));
  const there = await Promise.all(
    [...folders].map((folder) => Deno.stat(folder).then(({ isDirectory }) => isDirectory, () => false)),
  );
  return [...folders].filter((_, i) => there[i]);
}

function closeQuietly(watcher: Deno.FsWatcher): void {
  try {
    watcher.close();
  } catch { /* it has ended */ }
}
