/** Unix sockets of long-running processes: whether somebody listens, and removing only what is one's own. */

/** Whether somebody answers on the socket. A file without a listener is what a killed process left. */
export async function socketIsLive(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch {
    return false;
  }
}

/** Identity of the socket file, to remove only our own in the end. */
export function socketIdentity(path: string): string {
  const { dev, ino } = Deno.lstatSync(path);
  return `${dev}:${ino}`;
}

export function removeOwnSocket(path: string, identity: string): void {
  try {
    if (socketIdentity(path) === identity) Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
