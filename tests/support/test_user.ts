/** An ordinary user for what tests run without root: "skiff-tests", made once, who stays for the next time. */
import { debianPackages } from "./apt.ts";
import { commandOutput } from "./command.ts";

export interface TestUser {
  uid: number;
  gid: number;
}

const name = "skiff-tests";

/** With subordinate ids, as user namespaces need them. */
export async function testUser(): Promise<TestUser> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) throw new Error("only root on Linux can make its user");
  await debianPackages("uidmap"); // before the user, who gets the ids with it
  const number = async (flag: string) => Number(await commandOutput("id", [flag, name]));
  if (!await number("-u").then(() => true, () => false)) {
    await commandOutput("useradd", ["--no-create-home", "--home-dir", "/nonexistent", name]);
  }
  return { uid: await number("-u"), gid: await number("-g") };
}

/** Folders that belong to it and that nobody else may enter. */
export async function userFolders({ uid, gid }: TestUser, ...paths: string[]): Promise<void> {
  for (const path of paths) {
    await Deno.mkdir(path, { mode: 0o700 });
    await Deno.chown(path, uid, gid);
  }
}

export async function hasProcesses(uid: number): Promise<boolean> {
  for await (const { name } of Deno.readDir("/proc")) {
    const stat = /^\d+$/.test(name) ? await Deno.stat(`/proc/${name}`).catch(() => undefined) : undefined;
    if (stat?.uid === uid) return true;
  }
  return false;
}
